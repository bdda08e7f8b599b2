import gzip
import random

import numpy as np
import pytest

from onlstm_parse import files
from onlstm_parse.errors import FormatError, OnlstmError
from onlstm_parse.text import corpus, cutting, growing
from onlstm_parse.text.config import TextConfig
from onlstm_parse.text.corpus import prepare
from onlstm_parse.text.tokenisers import TOKENISERS

WORDS = ["the", "a", "dog", "cat", "saw", ",", ".", "3", "1/2", "北京", "大学", "N", "<unk>", "it's", "é"]


@pytest.fixture
def text(tmp_path):
    choose = random.Random(1)
    lines = [" ".join(choose.choices(WORDS, k=choose.randrange(1, 12))) for _ in range(500)]
    path = tmp_path / "text.txt"
    path.write_text("\n".join(lines))
    return path


def tokens(prepared, side):
    ids = getattr(prepared, side)
    return [prepared.pipeline.vocabulary[number] for number in ids[0 : len(ids)]]


def entries(cache):
    """The finished ones."""
    return [entry for entry in cache.iterdir() if not entry.name.startswith(".")]


def expected(lines):
    normal = {"3": "N", "1/2": "N", ",": None, ".": None}
    kept = [[form for word in line.split() if (form := normal.get(word, word))] for line in lines]
    return [form for line in kept if line for form in [*line, "<eos>"]]


PLAIN = TextConfig(tokeniser="whitespace", min_count=1)


def test_ids_are_the_text_and_every_tenth_block_of_ten_is_held_out(tmp_path, text):
    prepared = prepare([text], PLAIN, cache=tmp_path / "cache")
    lines = text.read_text().split("\n")
    held_out = [line for number, line in enumerate(lines) if 90 <= number % 200 < 100]
    assert tokens(prepared, "valid") == expected(held_out)
    rest = [line for number, line in enumerate(lines) if not 90 <= number % 200 < 100]
    assert tokens(prepared, "train") == expected(rest)
    assert prepared.train[3:5].dtype == np.int64
    assert prepared.train.tokens == len(prepared.train)
    known = [form for form in expected(rest) if form != "<eos>"]
    assert prepared.train.unknown_share == pytest.approx(known.count("<unk>") / len(known))


def test_validation_text_of_its_own(tmp_path, text):
    valid = tmp_path / "valid.txt.gz"
    valid.write_bytes(gzip.compress(b"the zebra\r\n\r\nsaw the dog\n"))
    prepared = prepare([text], PLAIN, valid_paths=[valid], cache=tmp_path / "cache")
    assert tokens(prepared, "train") == expected(text.read_text().split("\n"))
    assert tokens(prepared, "valid") == ["the", "<unk>", "<eos>", "saw", "the", "dog", "<eos>"]
    assert prepared.valid.unknown_share == 1 / 5


@pytest.mark.parametrize("tokeniser", list(TOKENISERS))
def test_the_same_whatever_the_workers(tmp_path, text, monkeypatch, tokeniser):
    monkeypatch.setattr(corpus, "CHUNK_CHARACTERS", 1000)
    config = TextConfig(tokeniser=tokeniser, pieces=60)
    one = prepare([text], config, cache=tmp_path / "one", workers=1)
    monkeypatch.setattr(cutting, "KNOWN_TOKENS", 5)  # workers forget what they know
    two = prepare([text], config, cache=tmp_path / "two", workers=2)
    (first,), (second,) = ((tmp_path / name).iterdir() for name in ("one", "two"))
    assert first.name == second.name
    for file in first.iterdir():
        assert file.read_bytes() == (second / file.name).read_bytes()
    assert one.train.fingerprint == two.train.fingerprint != one.valid.fingerprint
    assert list(one.pipeline.vocabulary) == list(two.pipeline.vocabulary)


def test_one_entry_serves_every_vocabulary(tmp_path, text, monkeypatch):
    cache = tmp_path / "cache"
    whole = prepare([text], PLAIN, cache=cache)
    monkeypatch.setattr(corpus, "_fill", None)  # nothing may be made again
    same = prepare([str(text)], PLAIN, cache=cache)
    assert same.train.fingerprint == whole.train.fingerprint
    small = prepare([text], TextConfig(tokeniser="whitespace", max_words=5), cache=cache)
    assert small.train.fingerprint != whole.train.fingerprint
    assert len(small.pipeline.vocabulary) == 5
    known = set(small.pipeline.vocabulary)
    assert tokens(small, "train") == [w if w in known else "<unk>" for w in tokens(whole, "train")]


def test_what_matters_makes_another_entry(tmp_path, text):
    cache = tmp_path / "cache"
    for config in (PLAIN, TextConfig(), TextConfig(normalisation="lower"), TextConfig(bad_bytes="replace")):
        prepare([text], config, cache=cache)
    prepare([text], PLAIN, valid_paths=[text], cache=cache)
    text.write_text(text.read_text() + "\none more")
    prepare([text], PLAIN, cache=cache)
    assert len(list(cache.iterdir())) == 6


@pytest.mark.parametrize(
    ("content", "config", "hint"),
    [
        ("too\nshort\n", PLAIN, "--valid"),
        ("...\n" * 500, TextConfig(), "nothing that normalisation keeps"),
        ("", PLAIN, "empty file"),
        (b"good\n" * 200 + b"b\xffd\n", PLAIN, ":201:2: .*0xff"),
    ],
)
def test_text_that_will_not_do_makes_no_entry(tmp_path, content, config, hint):
    path = tmp_path / "text"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    for workers in (1, 2):
        with pytest.raises(OnlstmError, match=hint):
            prepare([path], config, cache=tmp_path / "cache", workers=workers)
    assert entries(tmp_path / "cache") == []


def test_validation_text_of_which_nothing_is_left(tmp_path, text):
    valid = tmp_path / "valid"
    valid.write_text("...\n")
    with pytest.raises(OnlstmError, match=r"valid: .*nothing that normalisation keeps"):
        prepare([text], PLAIN, valid_paths=[valid], cache=tmp_path / "cache")


def test_a_full_disk(tmp_path, text, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(corpus, "cut_all", full)
    with pytest.raises(OnlstmError, match=r"No space left.*ONLSTM_CACHE"):
        prepare([text], PLAIN, cache=tmp_path / "cache")
    assert entries(tmp_path / "cache") == []


def test_what_nobody_goes_on_with_is_removed(tmp_path, text, monkeypatch):
    cache = tmp_path / "cache"
    monkeypatch.setattr(growing, "save_forms", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        prepare([text], PLAIN, cache=cache)
    monkeypatch.undo()
    assert len(list(cache.glob(".*"))) == 1
    monkeypatch.setattr(files, "ABANDONED", -1)
    prepare([text], TextConfig(), cache=cache)
    assert not list(cache.glob(".*"))


@pytest.mark.parametrize("name", ["train.ids", "counts.npy", "forms.json", "tokeniser.model"])
@pytest.mark.parametrize("damage", ["truncate", "delete"])
def test_a_damaged_entry_is_told(tmp_path, text, name, damage):
    config = TextConfig(tokeniser="sentencepiece", pieces=60)
    prepare([text], config, cache=tmp_path / "cache")
    (file,) = (tmp_path / "cache").glob(f"*/{name}")
    if damage == "delete":
        file.unlink()
    else:
        file.write_bytes(file.read_bytes()[:-8])
    with pytest.raises(FormatError, match="delete the folder"):
        prepare([text], config, cache=tmp_path / "cache")


def test_a_worker_that_dies_is_told(tmp_path, text, monkeypatch):
    monkeypatch.setattr("onlstm_parse.text.cutting._numbered", lambda *_: __import__("os")._exit(1))
    with pytest.raises(OnlstmError, match="killed"):
        prepare([text], PLAIN, cache=tmp_path / "cache", workers=2)


def test_a_line_of_a_million_characters(tmp_path, text):
    with text.open("a") as file:
        file.write("\n" + "dog " * 250_000)
    assert prepare([text], TextConfig(min_count=1), cache=tmp_path / "cache").train.tokens > 250_000
