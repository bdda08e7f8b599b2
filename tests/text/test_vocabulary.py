import json
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onlstm_parse.errors import FormatError
from onlstm_parse.text.vocabulary import EOS, UNK, Vocabulary, save_forms

FORMS = [EOS, UNK, "rare", "the", "dog", "cat", "never"]
COUNTS = np.array([5, 0, 1, 9, 3, 3, 0])


def test_frequent_forms_first_then_in_the_order_seen():
    vocabulary, ids = Vocabulary.choose(FORMS, COUNTS, min_count=1)
    assert list(vocabulary) == [EOS, UNK, "the", "dog", "cat", "rare"]
    assert ids.tolist() == [0, 1, 5, 2, 3, 4, 1]
    assert vocabulary.encode(FORMS) == ids.tolist()


@pytest.mark.parametrize(
    ("limits", "kept"),
    [
        ({"min_count": 3}, ["the", "dog", "cat"]),
        ({"min_count": 1, "max_words": 4}, ["the", "dog"]),
        ({"min_count": 9, "max_words": 50}, ["the"]),
        ({}, ["the", "dog", "cat"]),
    ],
)
def test_limits(limits, kept):
    vocabulary, ids = Vocabulary.choose(FORMS, COUNTS, **limits)
    assert list(vocabulary)[2:] == kept
    assert len(vocabulary) == ids.max() + 1


def test_text_with_unknown_words_keeps_its_singletons():
    counts = COUNTS.copy()
    counts[1] = 2
    assert "rare" in Vocabulary.choose(FORMS, counts)[0]


@given(words=st.lists(st.text(st.characters(exclude_categories=["Cs"])), unique=True))
def test_any_form_comes_back_from_a_file(tmp_path_factory, words):
    path = tmp_path_factory.mktemp("vocabulary") / "vocabulary.json"
    forms = [EOS, UNK] + [word for word in words if word not in (EOS, UNK)]
    Vocabulary(forms).save(path)
    assert list(Vocabulary.load(path)) == forms


def test_one_form_a_line(tmp_path):
    path = tmp_path / "vocabulary.json"
    Vocabulary([EOS, UNK, "a\u2028b", "\u0085", '"\n']).save(path)
    assert path.read_text().count("\n") == 7


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b'[\n"<eos>",\n"<unk>",\n"th',
        b"\x80\x02pickle",
        b"{}",
        b'["<eos>", "<unk>", 3]',
        b'["the", "dog"]',
        b'["<eos>", "<unk>", "a", "a"]',
        b"[" * 100_000,
        None,
    ],
)
def test_a_foreign_file_is_refused(tmp_path, content):
    path = tmp_path / "vocabulary.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(FormatError, match=r"vocabulary\.json"):
        Vocabulary.load(path)


def test_a_truncated_file_is_refused_wherever_it_ends(tmp_path):
    path = tmp_path / "vocabulary.json"
    whole = json.dumps([EOS, UNK, "dog"])
    for end in range(len(whole)):
        path.write_text(whole[:end])
        with pytest.raises(FormatError):
            Vocabulary.load(path)


def test_writing_many_forms_needs_no_memory_for_all_of_them(tmp_path):
    tracemalloc.start()
    save_forms(tmp_path / "forms.json", map(str, range(100_000)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 500_000  # bytes; the file has 888,000
    assert len(json.loads((tmp_path / "forms.json").read_text(encoding="utf-8"))) == 100_000
