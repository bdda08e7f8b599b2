"""Gold sentences as they are scored, and each prediction laid beside its own."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from itertools import zip_longest
from typing import NamedTuple

from onlstm_parse.errors import OnlstmError, UsageError
from onlstm_parse.tree import Tree
from onlstm_parse.treebanks import WORD_FILTERS
from onlstm_parse.treebanks.filters import every_leaf, prune, unwrap
from onlstm_parse.treebanks.reading import GoldTree

ENOUGH_LEAVES = 20  # before a filter that drops most of them is doubted
UNKNOWN = {"<unk>", "unk"}
_BRACKET_ESCAPES = {"-lrb-": "(", "-rrb-": ")", "-lsb-": "[", "-rsb-": "]", "-lcb-": "{", "-rcb-": "}"}
_NUMBER = re.compile(r"[.,/:\\]*n(?:[.,/:\\]*n)+|[.,/:\\]+n\b")


class GoldSentence(NamedTuple):
    """A gold tree over the words that count; `kept` says which of all non-empty `leaves` they are."""

    number: int  # in the treebank, from 1
    tree: Tree
    words: tuple[str, ...]
    leaves: tuple[str, ...]
    kept: tuple[bool, ...]


class Gold(NamedTuple):
    """A treebank ready to be scored against, and what its signature needs."""

    sentences: list[GoldSentence]
    with_words: list[int]  # the numbers of the trees that have a word, however long
    n_trees: int
    words: str
    max_words: int | None
    digest: str

    @property
    def skipped(self) -> int:
        return self.n_trees - len(self.with_words)


def prepare_gold(
    trees: Iterable[Tree | GoldTree], words: str = "penn-words", max_words: int | None = None
) -> Gold:
    """Filter gold trees down to their words; `sentences` are what to parse and to score.

    A tree without a word is left out and counted as skipped, one longer than
    `max_words` left out. Raises UsageError for an unknown filter, or one that
    keeps less than half of all leaves.
    """
    is_word = WORD_FILTERS[words]
    if max_words is not None and max_words < 1:
        raise UsageError(f"expected a length limit of 1 word or more, found {max_words}")
    sentences, digest = [], sha256()
    for number, tree in enumerate(map(bare, trees), 1):
        digest.update(f"{tree.brackets()}\n".encode())
        sentences.append(_filtered(number, tree, is_word))
    _expect_words(sentences, words)
    worded = [sentence for sentence in sentences if sentence.words]
    short = [sentence for sentence in worded if max_words is None or len(sentence.words) <= max_words]
    numbers = [sentence.number for sentence in worded]
    return Gold(short, numbers, len(sentences), words, max_words, digest.hexdigest()[:8])


def bare(tree: Tree | GoldTree) -> Tree:
    """Without the place where it was read."""
    return tree.tree if isinstance(tree, GoldTree) else tree


def align(predicted: Sequence[Tree], gold: Gold) -> list[Tree]:
    """For each of `gold.sentences` its predicted tree over the same words.

    There may be a prediction for every gold tree, for every one with words, or
    for those within the length limit; over the words that count, or over all
    leaves, punctuation too. Raises OnlstmError where numbers or words differ.
    """
    scored = [sentence.number for sentence in gold.sentences]
    for numbers in (scored, gold.with_words, range(1, gold.n_trees + 1)):
        if len(numbers) == len(predicted):
            by_number = dict(zip(numbers, predicted, strict=True))
            return [_aligned(by_number[sentence.number], sentence) for sentence in gold.sentences]
    problem = f"expected {gold.n_trees:,} predicted trees, as in the treebank, found {len(predicted):,}"
    if scored != gold.with_words or gold.skipped:
        problem += f" (or {len(scored):,}, without the sentences that are not scored)"
    raise OnlstmError(problem, remedy="predict one tree for each gold tree, in the same order")


def _filtered(number: int, tree: Tree, is_word: Callable[[str, str | None], bool]) -> GoldSentence:
    tagged = tree.tagged()
    present = [(word, is_word(word, tag)) for word, tag in tagged if every_leaf(word, tag)]
    pruned = prune(unwrap(tree), [is_word(word, tag) for word, tag in tagged])
    words = tuple(word for word, kept in present if kept)
    leaves, kept = tuple(word for word, _ in present), tuple(kept for _, kept in present)
    return GoldSentence(number, pruned or Tree("", []), words, leaves, kept)


def _expect_words(sentences: list[GoldSentence], filter: str) -> None:
    """A filter that drops most leaves was not made for this treebank; a few leaves prove nothing."""
    leaves = sum(len(sentence.leaves) for sentence in sentences)
    kept = sum(len(sentence.words) for sentence in sentences)
    if leaves and (kept == 0 or (leaves >= ENOUGH_LEAVES and 2 * kept < leaves)):
        problem = f"the word filter {filter} keeps only {kept:,} of the treebank's {leaves:,} leaves"
        others = " or ".join(f"--words {name}" for name in WORD_FILTERS if name not in (filter, "penn-words"))
        raise UsageError(problem, remedy=f"its tags or words are of another kind: try {others}")


def _aligned(tree: Tree, sentence: GoldSentence) -> Tree:
    found = tree.leaves()
    if len(found) == len(sentence.leaves) > len(sentence.words):
        tree = prune(tree, sentence.kept) or tree
        found = tree.leaves()
    if found != sentence.words:
        _expect_same_words(found, sentence)
    return unwrap(tree)


def _expect_same_words(found: Sequence[str], sentence: GoldSentence) -> None:
    for position, pair in enumerate(zip_longest(found, sentence.words), 1):
        if None not in pair:
            ours, gold = map(_canonical, pair)
            if ours == gold or UNKNOWN & {ours, gold}:
                continue
        problem = (
            f"predicted and gold words differ in sentence {sentence.number}, word {position}:"
            f" expected {_shown(pair[1])}, found {_shown(pair[0])};"
            f" expected {_shortened(sentence.words)}, found {_shortened(found)}"
        )
        raise OnlstmError(problem, remedy="parse the words of the gold trees, or all their leaves")


def _shown(word: str | None) -> str:
    return "the end" if word is None else repr(word)


def _canonical(word: str) -> str:
    """Case, digits (as N) and the spelling of brackets aside, as language models need them."""
    word = "".join("n" if character.isdigit() else character for character in word.lower())
    return _BRACKET_ESCAPES.get(word) or _NUMBER.sub("n", word)


def _shortened(words: Sequence[str], limit: int = 60) -> str:
    text = " ".join(words)
    return repr(text if len(text) <= limit else f"{text[:limit]}...")
