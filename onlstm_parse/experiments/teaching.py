"""What a teacher gives for the sentences of a text: targets for a span parser, votes for a grammar.

What is given is flat: the tensors of a file, in which the sentences of a text stand one behind the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np

from onlstm_parse.parsers.base import Parser
from onlstm_parse.parsers.opinions import over
from onlstm_parse.parsers.punctuation import barred
from onlstm_parse.text.corpus import TokenIds
from onlstm_parse.text.pipeline import Encoded, TextPipeline
from onlstm_parse.training.trees import ParsedSentences, flattened

LINES_AT_ONCE = 2048


class Shown(NamedTuple):
    """A sentence as the teacher sees it, with its punctuation, and as the learner will."""

    words: list[str]
    learnt: list[int]
    """The places of the words that the learner reads."""
    ids: list[int]
    """What these words are in its vocabulary."""


def brackets_of(parser: Parser, sentences: list[Shown]) -> list[np.ndarray]:
    """Those of each sentence's tree, of two words or more: (brackets, 2)."""
    trees = parser.parse_words(sentence.words for sentence in sentences)
    found = []
    for sentence, tree in zip(sentences, trees, strict=True):
        place = np.searchsorted(sentence.learnt, np.arange(len(sentence.words) + 1)).tolist()
        spans = {(place[start], place[stop]) for start, stop, _ in tree.spans()}
        wide = sorted(span for span in spans if span[1] - span[0] > 1)
        found.append(np.array(wide, dtype=np.int16).reshape(-1, 2))
    return found


def votes_of(parser: Parser, sentences: list[Shown]) -> list[np.ndarray]:
    """The votes for all spans of each sentence, `flattened`."""
    encoded = [parser.reader.encode_words(sentence.words) for sentence in sentences]
    each = zip(sentences, encoded, parser.votes(encoded), strict=True)
    return [flattened(_learnt(shown, read, votes)) for shown, read, votes in each]


def targets_of(parser: Parser, sentences: list[Shown]) -> list[np.ndarray]:
    """Of each sentence half the tree and half the probabilities of all spans, `flattened`.

    The tree alone, where the parser knows no probabilities.
    """
    encoded = [parser.reader.encode_words(sentence.words) for sentence in sentences]
    analyses = parser.analyse(encoded)
    expected = parser.expectations(analyses, parser.rule, parser.layer)
    found = []
    for at, (shown, read, analysis) in enumerate(zip(sentences, encoded, analyses, strict=True)):
        n = sum(map(bool, read.pieces))
        target = np.zeros((n, n + 1))
        for span in analysis.brackets:
            target[span] = 1.0
        if expected is not None and n > 1:
            target = (target + _like_a_tree(expected[at], len({*analysis.brackets} - {(0, n)}))) / 2
        target = _learnt(shown, read, target)
        target[0, -1] = 1.0
        found.append(flattened(target))
    return found


def _like_a_tree(expected: np.ndarray, inner: int) -> np.ndarray:
    """Probabilities of spans (n, n + 1), scaled so that as many brackets are expected as a tree has.

    `inner` is the number of its brackets strictly inside the sentence. With another sum, scores could grow
    without end: all trees have the same number of brackets.
    """
    wide = np.triu(expected, 2)
    wide[0, -1] = 0.0
    total = wide.sum()
    wide *= inner / total if total > 0 else 0.0
    wide[0, -1] = 1.0
    return wide


def _learnt(shown: Shown, read: Encoded, spans: np.ndarray) -> np.ndarray:
    """What the teacher knows of the spans of the words that it has read, for those of the learner's words.

    Nothing speaks for a span that punctuation bars.
    """
    if (ruled_out := barred(read)) is not None:
        spans = np.where(ruled_out, 0.0, spans)
    place = {at: number for number, at in enumerate(shown.learnt)}
    places = [place.get(at) for at, pieces in enumerate(read.pieces) if pieces]
    return over(spans, places, len(place)).astype(np.float16)


def nothing(parser: Parser, sentences: list[Shown]) -> list[np.ndarray]:
    return [np.zeros(0, dtype=np.float16)] * len(sentences)


GIVEN: dict[tuple[str, bool], Callable[[Parser, list[Shown]], list[np.ndarray]]] = {
    ("train", False): targets_of,
    ("valid", False): brackets_of,
    ("train", True): votes_of,
    ("valid", True): nothing,
}


def given_for(
    give: Callable[[list[Shown]], list[np.ndarray]],
    pipeline: TextPipeline,
    lines: Iterable[str],
    max_length: int,
) -> dict[str, Any]:
    """Ids, what `give` gives, and how many of each a sentence has, as flat tensors."""
    import torch

    words: list[int] = []
    given: list[np.ndarray] = []
    chunk: list[Shown] = []
    sizes: list[int] = []

    def flush() -> None:
        given.extend(give(chunk))
        for sentence in chunk:
            words.extend(sentence.ids)
            sizes.append(len(sentence.ids))
        chunk.clear()

    for line in lines:
        encoded = pipeline.encode(line)
        learnt = [place for place, pieces in enumerate(encoded.pieces) if len(pieces) == 1]
        if 2 < len(learnt) <= max_length:
            chunk.append(Shown(encoded.words, learnt, [encoded.pieces[place][0] for place in learnt]))
        if len(chunk) == LINES_AT_ONCE:
            flush()
    flush()
    return {
        "words": torch.tensor(words, dtype=torch.int32),
        "given": torch.from_numpy(np.concatenate(given)) if given else torch.zeros(0),
        "sizes": torch.tensor([*zip(sizes, map(len, given), strict=True)], dtype=torch.int32).view(-1, 2),
    }


def sentences_of(tensors: dict[str, Any], facts: TokenIds) -> ParsedSentences:
    lengths, counts = tensors["sizes"].numpy().T
    words, given = tensors["words"].numpy().astype(np.int64), tensors["given"].numpy()
    return ParsedSentences(
        np.split(words, np.cumsum(lengths)[:-1]) if len(lengths) else [],
        np.split(given, np.cumsum(counts)[:-1]) if len(lengths) else [],
        facts.fingerprint,
        facts.unknown_share,
    )
