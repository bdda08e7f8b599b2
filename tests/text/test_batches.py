from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onlstm_parse.errors import OnlstmError
from onlstm_parse.text.batches import Stream, batch_by_length, shuffled_by_length

sizes = {"tokens": st.integers(2, 200), "batch_size": st.integers(1, 20), "bptt": st.integers(1, 30)}


def stream_of(tokens, batch_size, bptt):
    return Stream(np.arange(tokens), batch_size, bptt)


@given(**sizes)
def test_every_token_is_predicted_once_from_the_one_before(tokens, batch_size, bptt):
    stream = stream_of(tokens, batch_size, bptt)
    predicted = []
    for step in range(stream.steps):
        inputs, targets = stream.window(step)
        assert inputs.shape == targets.shape == (len(inputs), stream.batch_size)
        assert 1 <= len(inputs) <= bptt
        assert (targets == inputs + 1).all()
        predicted += targets.ravel().tolist()
    assert len(predicted) == len(set(predicted))
    remainder = set(range(1, tokens)) - set(predicted)
    assert len(remainder) < stream.batch_size <= batch_size
    assert remainder == set(range(tokens - len(remainder), tokens))


@given(**sizes)
def test_columns_go_on_from_window_to_window(tokens, batch_size, bptt):
    stream = stream_of(tokens, batch_size, bptt)
    windows = [stream.window(step)[0] for step in range(stream.steps)]
    columns = np.concatenate(windows)
    assert (np.diff(columns, axis=0) == 1).all()
    assert (stream.read(0, stream.length)[0] == columns).all()


@given(**sizes, epoch=st.integers(0, 3), seed=st.integers(0, 3))
def test_varied_lengths_make_a_pass(tokens, batch_size, bptt, epoch, seed):
    stream = stream_of(tokens, batch_size, bptt)
    lengths = stream.lengths(epoch, seed)
    assert sum(lengths) == stream.length
    assert all(length >= 5 for length in lengths[:-1])
    assert lengths == stream.lengths(epoch, seed)


def test_varied_lengths_are_near_bptt_and_differ_by_epoch_and_seed():
    stream = stream_of(1_000_001, 10, 70)
    lengths = stream.lengths(0, 0)
    assert 66 < np.mean(lengths) < 71
    assert lengths != stream.lengths(1, 0) != stream.lengths(0, 1)


def test_a_text_of_one_token_is_refused():
    with pytest.raises(OnlstmError, match="two tokens"):
        stream_of(1, 4, 4)


@given(st.lists(st.integers(0, 50)), st.integers(1, 100), st.booleans())
def test_sentences_of_like_length_within_the_limit(lengths, max_tokens, padded):
    batches = batch_by_length(lengths, max_tokens, padded)
    in_order = [index for batch in batches for index in batch.sentences]
    assert sorted(in_order) == list(range(len(lengths)))
    assert [lengths[index] for index in in_order] == sorted(lengths, reverse=True)
    for sentences, steps, columns in batches:
        longest = lengths[sentences[0]]
        assert 1 <= len(sentences) <= columns
        assert columns == 1 or steps * columns <= max_tokens
        assert longest <= steps <= 17 / 16 * longest
        assert padded or {lengths[index] for index in sentences} == {steps}


def test_few_shapes_occur_however_long_the_text():
    rng = np.random.default_rng(1)
    shapes = set()
    for _ in range(100):
        lengths = rng.gamma(4, 6, 2048).astype(int) + 1
        shapes |= {batch.steps * batch.columns for batch in batch_by_length(lengths.tolist(), 2048)}
    assert len(shapes) < 100


@given(st.lists(st.integers(1, 30), max_size=60), st.integers(1, 9), st.integers(0, 3))
def test_shuffled_batches_hold_every_sentence_once_and_like_lengths_together(lengths, size, seed):
    lengths = np.array(lengths, int)
    batches = shuffled_by_length(lengths, size, [seed, 1])
    assert sorted(index for batch in batches for index in batch) == list(range(len(lengths)))
    assert all(len(batch) == size for batch in batches) or len(lengths) % size
    spans = sorted((lengths[batch].min(), lengths[batch].max()) for batch in batches)
    assert all(one[1] <= other[0] for one, other in pairwise(spans))
    again = shuffled_by_length(lengths, size, [seed, 1])
    assert all((one == other).all() for one, other in zip(batches, again, strict=True))
