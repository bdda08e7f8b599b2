"""Gold sentences as they are scored, and each prediction laid beside its own.

Both sides stream: one tree of each is in memory at a time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from hashlib import sha256
from itertools import accumulate, compress, zip_longest
from typing import NamedTuple

from onlstm_parse.errors import OnlstmError, UsageError
from onlstm_parse.scoring.flat import AnyTree, FlatTree, flatten
from onlstm_parse.treebanks import WORD_FILTERS
from onlstm_parse.treebanks.words import EMPTY

ENOUGH_LEAVES = 20  # before a filter that drops most of them is doubted
UNKNOWN = {"<unk>", "unk"}
_BRACKET_ESCAPES = {"-lrb-": "(", "-rrb-": ")", "-lsb-": "[", "-rsb-": "]", "-lcb-": "{", "-rcb-": "}"}
_NUMBER = re.compile(r"[.,/:\\]*n(?:[.,/:\\]*n)+|[.,/:\\]+n\b")


class GoldSentence(NamedTuple):
    """The words that count, and the gold brackets over them (`starts`, `stops`, `labels`).

    `kept` says which of all non-empty `leaves` are words; `scored` is False for a
    sentence without words or beyond the length limit.
    """

    number: int  # in the treebank, from 1
    words: tuple[str, ...]
    leaves: tuple[str, ...]
    kept: tuple[bool, ...]
    starts: list[int]
    stops: list[int]
    labels: list[str]
    scored: bool
    place: str


class Pair(NamedTuple):
    """A gold sentence and the predicted brackets over its words."""

    gold: GoldSentence
    starts: list[int]
    stops: list[int]


class Digest:
    """Names trees by their leaves, tags, labels and brackets, whatever notation they were in."""

    def __init__(self) -> None:
        self._hash = sha256()

    def add(self, tree: FlatTree) -> None:
        leaves = "\x1f".join(tree.words), "\x1f".join(tag or "" for tag in tree.tags)
        self._hash.update(f"{leaves}{tree.labels}{tree.starts}{tree.stops}".encode("utf-8", "surrogatepass"))

    def __str__(self) -> str:
        return self._hash.hexdigest()[:12]


class Gold:
    """A treebank to be scored against; counts and digest are whole when every sentence has passed.

    A sentence without a word counts as `skipped`, one over more words than `max_words` as
    `long`. Iterating gives these too. Raises UsageError for an unknown filter, or one that
    keeps less than half of all leaves.
    """

    def __init__(
        self, trees: Iterable[AnyTree], words: str = "penn-words", max_words: int | None = None
    ) -> None:
        if max_words is not None and max_words < 1:
            raise UsageError(f"expected a length limit of 1 word or more, found {max_words}")
        self.words, self.max_words = words, max_words
        self.n_trees = self.skipped = self.long = 0
        self.digest = Digest()
        self._is_word: Callable[[str, str | None], bool] = WORD_FILTERS[words]
        self._trees = iter(trees)
        self._all: list[GoldSentence] | None = None

    def __iter__(self) -> Iterator[GoldSentence]:
        return iter(self._all) if self._all is not None else self._stream()

    def keep(self) -> Gold:
        """Hold all sentences in memory, so that they can be gone over again."""
        if self._all is None:
            self._all = list(self._stream())
        return self

    @property
    def sentences(self) -> list[GoldSentence]:
        """What is to be parsed and scored."""
        return [sentence for sentence in self.keep() if sentence.scored]

    def _stream(self) -> Iterator[GoldSentence]:
        n_leaves = n_words = 0
        for tree in self._trees:
            flat = flatten(tree)
            self.digest.add(flat)
            self.n_trees += 1
            sentence = self._filtered(flat)
            self.skipped += not sentence.words
            self.long += bool(sentence.words) and not sentence.scored
            n_leaves += len(sentence.leaves)
            n_words += len(sentence.words)
            yield sentence
        _expect_words(n_leaves, n_words, self.words)

    def _filtered(self, flat: FlatTree) -> GoldSentence:
        mask = list(map(self._is_word, flat.words, flat.tags))
        leaves, kept, words = tuple(flat.words), tuple(mask), tuple(compress(flat.words, mask))
        if EMPTY in flat.tags:
            present = [tag != EMPTY for tag in flat.tags]
            leaves, kept = tuple(compress(leaves, present)), tuple(compress(kept, present))
        starts, stops = renumber(mask, flat.starts, flat.stops)
        scored = 0 < len(words) <= (self.max_words or len(words))
        return GoldSentence(self.n_trees, words, leaves, kept, starts, stops, flat.labels, scored, flat.place)


def prepare_gold(trees: Iterable[AnyTree], words: str = "penn-words", max_words: int | None = None) -> Gold:
    """Gold trees filtered down to their words and kept; `sentences` are what to parse and to score."""
    return Gold(trees, words, max_words).keep()


def renumber(kept: Sequence[bool], starts: list[int], stops: list[int]) -> tuple[list[int], list[int]]:
    """Brackets counted in the leaves that are kept; those that lose all have start = stop."""
    if all(kept):
        return starts, stops
    before = list(accumulate(kept, initial=0))
    return [before[start] for start in starts], [before[stop] for stop in stops]


def align(predicted: Iterable[AnyTree], gold: Gold, digest: Digest | None = None) -> Iterator[Pair]:
    """Each scored sentence with its prediction, streamed; `digest` takes in the predictions.

    There may be a prediction for every gold tree, or none for those that are not scored; over
    the words that count, or with punctuation. Raises OnlstmError where numbers or words differ.
    """
    stream = _Counted(predicted, digest)
    sentences = iter(gold)
    one, problem = stream.following(), None
    for sentence in sentences:
        brackets = _brackets(one, sentence) if one else None
        if not sentence.scored:
            if one and (brackets is not None or not one.words):
                one = stream.following()
        elif one and brackets is not None:
            yield Pair(sentence, *brackets)
            one = stream.following()
        else:
            problem = _difference(one, sentence) if one else None
            break
    else:
        if one is None:
            return
        problem = _surplus(one)
    for _ in sentences:  # how many there are tells which of two problems it is
        pass
    while stream.following():
        pass
    numbers = gold.n_trees, gold.n_trees - gold.skipped, gold.n_trees - gold.skipped - gold.long
    raise problem if problem and stream.found in numbers else _other_number(stream.found, numbers)


class _Counted:
    """Predicted trees one by one, made flat."""

    def __init__(self, trees: Iterable[AnyTree], digest: Digest | None) -> None:
        self._trees, self._digest, self.found = iter(trees), digest, 0

    def following(self) -> FlatTree | None:
        tree = next(self._trees, None)
        if tree is None:
            return None
        self.found += 1
        flat = _without_empty(flatten(tree))
        if self._digest:
            self._digest.add(flat)
        return flat


def _without_empty(flat: FlatTree) -> FlatTree:
    """Without empty elements, for predictions made of a treebank's own trees."""
    if EMPTY not in flat.tags:
        return flat
    present = [tag != EMPTY for tag in flat.tags]
    starts, stops = renumber(present, flat.starts, flat.stops)
    words, tags = list(compress(flat.words, present)), list(compress(flat.tags, present))
    return flat._replace(words=words, tags=tags, starts=starts, stops=stops)


def _brackets(flat: FlatTree, sentence: GoldSentence) -> tuple[list[int], list[int]] | None:
    """The prediction's brackets over the sentence's words, None where it is over others."""
    words, wanted = flat.words, sentence.words
    if _same(words, wanted):
        return flat.starts, flat.stops
    kept: Sequence[bool] | None = sentence.kept
    if len(words) != len(sentence.leaves) or not _same(list(compress(words, sentence.kept)), wanted):
        kept = _without_marks(words, wanted)
    return None if kept is None else renumber(kept, flat.starts, flat.stops)


def _without_marks(words: Sequence[str], wanted: Sequence[str]) -> list[bool] | None:
    """Which of `words` are the wanted ones, if all others are punctuation; otherwise None."""
    kept, position = [], 0
    for word in words:
        is_wanted = position < len(wanted) and _same_word(word, wanted[position])
        if not is_wanted and any(map(str.isalnum, word)):
            return None
        kept.append(is_wanted)
        position += is_wanted
    return kept if position == len(wanted) else None


def _same(words: Sequence[str], wanted: Sequence[str]) -> bool:
    if len(words) != len(wanted):
        return False
    return tuple(words) == wanted or all(map(_same_word, words, wanted))


@lru_cache(maxsize=1 << 16)
def _canonical(word: str) -> str:
    """Case, digits (as N) and the spelling of brackets aside, as language models need them."""
    word = "".join("n" if character.isdigit() else character for character in word.lower())
    return _BRACKET_ESCAPES.get(word) or _NUMBER.sub("n", word)


def _same_word(one: str, other: str) -> bool:
    ours, gold = _canonical(one), _canonical(other)
    return ours == gold or ours in UNKNOWN or gold in UNKNOWN


def _difference(flat: FlatTree, sentence: GoldSentence) -> OnlstmError:
    """The first word that differs, with both sides whole."""
    found, wanted = flat.words, sentence.words
    if len(found) == len(sentence.leaves) != len(wanted):
        found = list(compress(found, sentence.kept))
    pairs = enumerate(zip_longest(found, wanted), 1)
    position, (ours, gold) = next(
        (position, pair) for position, pair in pairs if None in pair or not _same_word(*pair)
    )
    problem = (
        f"predicted and gold words differ in sentence {sentence.number}, word {position}:"
        f" expected {_shown(gold)}, found {_shown(ours)};"
        f" expected {_shortened(wanted)}{sentence.place}, found {_shortened(found)}"
    )
    remedy = "parse the words of the gold trees, or all their leaves"
    return OnlstmError(problem, file=flat.file, line=flat.line, remedy=remedy)


def _surplus(flat: FlatTree) -> OnlstmError:
    problem = f"expected no more trees, found one over {_shortened(flat.words)}"
    return OnlstmError(problem, file=flat.file, line=flat.line)


def _other_number(found: int, numbers: tuple[int, ...]) -> OnlstmError:
    problem = f"expected {numbers[0]:,} predicted trees, as in the treebank, found {found:,}"
    if numbers[-1] != numbers[0]:
        problem += f" (or {numbers[-1]:,}, without the sentences that are not scored)"
    return OnlstmError(problem, remedy="predict one tree for each gold tree, in the same order")


def _expect_words(leaves: int, kept: int, filter: str) -> None:
    """A filter that drops most leaves was not made for this treebank; a few leaves prove nothing."""
    if leaves and (kept == 0 or (leaves >= ENOUGH_LEAVES and 2 * kept < leaves)):
        problem = f"the word filter {filter} keeps only {kept:,} of the treebank's {leaves:,} leaves"
        others = " or ".join(f"--words {name}" for name in WORD_FILTERS if name not in (filter, "penn-words"))
        raise UsageError(problem, remedy=f"its tags or words are of another kind: try {others}")


def _shown(word: str | None) -> str:
    return "the end" if word is None else repr(word)


def _shortened(words: Sequence[str], limit: int = 400) -> str:
    text = " ".join(words)
    return repr(text if len(text) <= limit else f"{text[:limit]}...")
