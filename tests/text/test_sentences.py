"""Single sentences of a text."""

import numpy as np
import pytest

from onlstm_parse.text import batches
from onlstm_parse.text.batches import Sentences


@pytest.mark.parametrize("at_once", [1, 2, 100])
def test_sentences_are_read_by_number(monkeypatch, at_once):
    monkeypatch.setattr(batches, "IDS_AT_ONCE", at_once)
    ids = np.array([2, 3, 4, 0, 0, 5, 0, 6, 7, 0, 8])  # the last one has no end
    sentences = Sentences(ids, max_length=2)
    assert sentences.lengths.tolist() == [1, 2]
    words, lengths = sentences.read(np.array([1, 0]))
    assert (words.tolist(), lengths) == ([6, 7, 5], [2, 1])
    assert Sentences(ids, max_length=3).lengths.tolist() == [3, 1, 2]
    assert sentences.counts(10).tolist() == [4, 0, 1, 1, 1, 1, 1, 1, 1, 0]


def test_a_text_without_sentences():
    assert len(Sentences(np.array([5, 6]), max_length=9)) == 0
    assert len(Sentences(np.array([0, 0]), max_length=9)) == 0
