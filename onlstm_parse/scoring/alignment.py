"""Align each predicted tree with its gold sentence. Both sides stream: one tree of each is in memory."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import compress, zip_longest

from onlstm_parse.errors import OnlstmError
from onlstm_parse.flat import Flat
from onlstm_parse.scoring.flattening import AnyTree, flatten
from onlstm_parse.scoring.gold import Digest, Gold, GoldSentence, renumber
from onlstm_parse.treebanks.words import EMPTY

UNKNOWN = {"<unk>", "unk"}
_BRACKET_ESCAPES = {"-lrb-": "(", "-rrb-": ")", "-lsb-": "[", "-rsb-": "]", "-lcb-": "{", "-rcb-": "}"}
_NUMBER = re.compile(r"[.,/:\\]*n(?:[.,/:\\]*n)+|[.,/:\\]+n\b")


Pair = tuple[GoldSentence, list[int], list[int]]
"""A gold sentence, and starts and stops of the predicted brackets over its words."""


def align(predicted: Iterable[AnyTree], gold: Gold, digest: Digest | None = None) -> Iterator[Pair]:
    """Each scored sentence with its prediction, streamed. `digest` receives the predictions.

    There is a prediction for every gold tree, or only for those that are scored. It covers the words that
    count, or all leaves. Raises OnlstmError if the number of trees or their words differ.
    """
    stream = _Counted(predicted, digest)
    sentences = iter(gold)
    one, problem = stream.following(), None
    for sentence in sentences:
        brackets = _brackets(one, sentence) if one else None
        if not sentence.scored:
            if one and (brackets is not None or not one.leaves):
                one = stream.following()
        elif one and brackets is not None:
            yield sentence, *brackets
            one = stream.following()
        else:
            problem = _difference(one, sentence) if one else None
            break
    else:
        if one is None:
            return
        problem = _surplus(one)
    for _ in sentences:  # the number of trees decides which problem to report
        pass
    while stream.following():
        pass
    numbers = gold.n_trees, gold.n_trees - gold.skipped, gold.n_trees - sum(gold.left_out.values())
    raise problem if problem and stream.found in numbers else _other_number(stream.found, numbers)


class _Counted:
    """Predicted trees one by one, as lists."""

    def __init__(self, trees: Iterable[AnyTree], digest: Digest | None) -> None:
        self._trees, self._digest, self.found = iter(trees), digest, 0

    def following(self) -> Flat | None:
        tree = next(self._trees, None)
        if tree is None:
            return None
        self.found += 1
        flat = _without_empty(flatten(tree))
        if self._digest:
            self._digest.add(flat)
        return flat


def _without_empty(flat: Flat) -> Flat:
    """Remove empty elements, for predictions that were made from a treebank's own trees."""
    if EMPTY not in flat.tags:
        return flat
    present = [tag != EMPTY for tag in flat.tags]
    starts, stops = renumber(present, flat.starts, flat.stops)
    leaves, tags = list(compress(flat.leaves, present)), list(compress(flat.tags, present))
    return flat._replace(leaves=leaves, tags=tags, starts=starts, stops=stops)


def _brackets(flat: Flat, sentence: GoldSentence) -> tuple[list[int], list[int]] | None:
    """The prediction's brackets over the words of the sentence; None if the words differ."""
    words, wanted = flat.leaves, sentence.words
    if _same(words, wanted):
        return flat.starts, flat.stops
    kept: Sequence[bool] | None = sentence.kept
    if len(words) != len(sentence.leaves) or not _same(list(compress(words, sentence.kept)), wanted):
        kept = _without_marks(words, wanted)
    return None if kept is None else renumber(kept, flat.starts, flat.stops)


def _without_marks(words: Sequence[str], wanted: Sequence[str]) -> list[bool] | None:
    """Mark the wanted words among `words`, if all others are punctuation; otherwise None."""
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
    """The word without case, with digits as N and brackets unescaped, as language models read it."""
    word = "".join("n" if character.isdigit() else character for character in word.lower())
    return _BRACKET_ESCAPES.get(word) or _NUMBER.sub("n", word)


def _same_word(one: str, other: str) -> bool:
    ours, gold = _canonical(one), _canonical(other)
    return ours == gold or ours in UNKNOWN or gold in UNKNOWN


def _difference(flat: Flat, sentence: GoldSentence) -> OnlstmError:
    """An error that names the first different word and shows both sides."""
    found, wanted = flat.leaves, sentence.words
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


def _surplus(flat: Flat) -> OnlstmError:
    problem = f"expected no more trees, found one over {_shortened(flat.leaves)}"
    return OnlstmError(problem, file=flat.file, line=flat.line)


def _other_number(found: int, numbers: tuple[int, ...]) -> OnlstmError:
    problem = f"expected {numbers[0]:,} predicted trees, as in the treebank, found {found:,}"
    if numbers[-1] != numbers[0]:
        problem += f" (or {numbers[-1]:,}, without the sentences that are not scored)"
    return OnlstmError(problem, remedy="predict one tree for each gold tree, in the same order")


def _shown(word: str | None) -> str:
    return "the end" if word is None else repr(word)


def _shortened(words: Sequence[str], limit: int = 400) -> str:
    text = " ".join(words)
    return repr(text if len(text) <= limit else f"{text[:limit]}...")
