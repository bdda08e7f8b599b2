import os
from collections import defaultdict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onlstm_parse.errors import UsageError
from onlstm_parse.text.normalisation import NORMALISATIONS
from onlstm_parse.tree import read_trees

CORPORA = os.environ.get("ONLSTM_CORPORA")
needs_corpora = pytest.mark.skipif(not CORPORA, reason="ONLSTM_CORPORA is not set")


@pytest.fixture(params=list(NORMALISATIONS))
def policy(request):
    return NORMALISATIONS[request.param]


def test_prepared_text_survives_every_policy(policy):
    assert [policy(token) for token in ("<unk>", "<eos>", "N")] == ["<unk>", "<eos>", "N"]


@given(token=st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_a_normal_form_is_its_own(token):
    for name in NORMALISATIONS:
        normal = NORMALISATIONS[name](token)
        assert normal is None or (normal and NORMALISATIONS[name](normal) == normal)


@pytest.mark.parametrize(
    ("tokens", "forms"),
    [
        ("Pierre Vinken , 61 years old .", "pierre vinken N years old"),
        ("1.5 12,000 1/2 1\\/2 1986-87 3:15 -5 .25 8.5%", "N N N N N N N N N"),
        ("30-day 1950s '80s 20th p53 190.58-point", "30-day 1950s '80s 20th p53 190.58-point"),
        ("U.S. n't 's dogs ' AT&T &", "u.s. n't 's dogs ' at&t &"),
        ("$ 5 US$ # 3 30 % \\* \\*\\*", "$ N us$ # N N N \\* \\*\\*"),
        ("-LRB- ( -RRB- ) -LCB- -RSB- `` '' -- ; : ... ? ! ` @ *", ""),
        ("１９９０ ５０％ １．５ ½", "N N N N"),
        ("…… 。 ， ！ 《 》 😀 \u0301", ""),
    ],
)
def test_mikolov(tokens, forms):
    kept = [NORMALISATIONS["mikolov"](token) for token in tokens.split()]
    assert [form for form in kept if form is not None] == forms.split()


def test_words_drops_every_sign():
    words = NORMALISATIONS["words"]
    assert [words(token) for token in ["$", "%", "&", "'", "￥", "。"]] == [None] * 6
    kept = ["Über", "中国", "一九九〇", "５０％", "々", "Ｘ"]
    assert [words(token) for token in kept] == ["über", "中国", "一九九〇", "N", "々", "ｘ"]


def test_unknown_names_are_refused():
    with pytest.raises(UsageError, match="mikolov"):
        NORMALISATIONS["mikolow"]


@needs_corpora
def test_mikolov_leaves_his_text_alone():
    for line in (Path(CORPORA) / "ptb-lm" / "valid.txt").read_text(encoding="utf-8").splitlines():
        tokens = line.split()
        assert [NORMALISATIONS["mikolov"](token) for token in tokens] == tokens


@needs_corpora
def test_mikolov_makes_his_text_from_the_treebank():
    """Measured: 99.6 % of the sentences; the rest hang on tags, or on slips in the corpus."""
    mikolov = NORMALISATIONS["mikolov"]
    candidates = defaultdict(list)
    with (Path(CORPORA) / "ptb-lm" / "train.txt").open(encoding="utf-8") as text:
        for _, line in zip(range(4200), text, strict=False):
            candidates[len(line.split())].append(line.split())
    sentences = matched = 0
    for file in sorted((Path(CORPORA) / "wsj-sample").glob("*.mrg")):
        for words in sentences_of(file):
            forms = [form for word in words if (form := mikolov(word)) is not None]
            sentences += 1
            matched += any(agrees(forms, line) for line in candidates[len(forms)])
    assert sentences == 3914
    assert matched / sentences > 0.995


def agrees(forms, line):
    return all(theirs in (ours, "<unk>") for ours, theirs in zip(forms, line, strict=True))


def sentences_of(file):
    for tree, _ in read_trees(file.read_text(encoding="utf-8").splitlines()):
        yield [word for word, tag in tree.tagged() if tag != "-NONE-"]
