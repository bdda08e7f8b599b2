import os
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onlstm_parse.errors import FormatError, UsageError
from onlstm_parse.text.tokenisers import TOKENISERS, pieces
from onlstm_parse.text.tokenisers.base import Tokeniser

TEXT = ["The old dog saw a cat; it didn't bark.", "小明在北京大学读书。", "12,000 people <unk> N"] * 30

WEIRD = [
    "",
    " \t ",
    "\0 a\0b",
    "family 👨‍👩‍👧 emoji 👍🏽",
    "combining e\u0301 a\u0300\u0301\u0302",
    "مرحبا بالعالم \u202eright to left\u202c",
    "a\u2028b\u0085c\u00a0d\u3000e\x1cf",
    "\"\"\"'''``` \" ' ` ``'' “‘’”",
    "<unk> <eos> x<unk>y<<unk>>",
    "()[]{}<>--...,,;;::??!!%%$$##&&@@**",
    "can't cannot gonna 'twas d'ye O'Brien's dogs' U.S. N.V.",
    "12,000 1.5% $5,000 １９９０年 ½ 30-day 3:15 1\\/2",
    "▁x▁ ▁▁ \ue000\ue001",
    "word " * 500,
    "中" * 5000,
    "x" * 5000 + " y" * 5000,
]


def made(name):
    return TOKENISERS[name].train(TEXT, 60)


@pytest.fixture(scope="module", params=list(TOKENISERS))
def tokeniser(request) -> Tokeniser:
    return made(request.param)


def check(tokeniser, line):
    """The contract: words are not empty, stand in the line in order, and each has a form."""
    words, forms = tokeniser.tokenise(line)
    assert len(words) == len(forms)
    at = 0
    for word, form in zip(words, forms, strict=True):
        assert word
        assert form
        assert not any(character.isspace() for character in word + form)
        at = line.index(word, at) + len(word)
    covered, expected = "".join(words), "".join(line.split())
    if tokeniser.learns:  # its own mark for a space may be missing
        covered, expected = covered.replace("▁", ""), expected.replace("▁", "")
    assert covered == expected


@pytest.mark.parametrize("line", WEIRD + TEXT[:3], ids=range(len(WEIRD) + 3))
def test_words_are_the_users_own(tokeniser, line):
    check(tokeniser, line)


@settings(max_examples=200, deadline=None)
@given(line=st.one_of(st.text("\"'`<>-. aN中,1%)]", max_size=30), st.text(max_size=40)))
def test_any_line(tokeniser, line):
    check(tokeniser, line)


def test_specials_stay_whole(tokeniser):
    assert "<unk>" in tokeniser.tokenise("the <unk> dog")[0]


def test_a_word_of_a_treebank_has_a_form(tokeniser):
    for word in ("dog", "-LRB-", "北京", "\u00a0", " "):
        assert tokeniser.forms_of(word)


def test_a_model_makes_the_same_tokeniser_again(tokeniser):
    again = type(tokeniser)(tokeniser.model)
    assert (tokeniser.model is not None) == tokeniser.learns
    for line in TEXT[:3]:
        assert again.tokenise(line) == tokeniser.tokenise(line)


def words(name, line):
    return " ".join(made(name).tokenise(line)[0])


def test_ptb():
    line = '“We don’t,” she said; it\'s 30% of "$5,000".'
    assert words("ptb", line) == '“ We do n’t , ” she said ; it \'s 30 % of " $ 5,000 " .'
    assert made("ptb").tokenise(line)[1][:4] == ['"', "We", "do", "n't"]


def test_jieba():
    assert words("jieba", "我来到北京清华大学，12,000人。") == "我 来到 北京 清华大学 ， 12,000 人 。"


@pytest.mark.parametrize("name", ["ptb", "jieba", "jieba-simplified", "characters"])
@pytest.mark.parametrize(
    "whole",
    [
        "https://x.org/a?b=(c)",
        "http://a.b/c-d_e#f",
        "www.example.org",
        "me.too+x@mail.example.org",
        "👨‍👩‍👧",
        "👍🏽",
        "❤️",
        "🇹🇼",
    ],
)
def test_addresses_and_emoji_are_one_word(name, whole):
    tokeniser = made(name)
    for before, after in (("", ""), ("( ", " )"), ("a ", " b"), ("", ".")):
        line = f"{before}{whole}{after}"
        check(tokeniser, line)
        assert whole in tokeniser.tokenise(line)[0]


def test_an_address_ends_before_a_mark_and_before_chinese():
    assert words("ptb", "See https://x.org/a, or (www.b.org).") == "See https://x.org/a , or ( www.b.org ) ."
    assert words("jieba", "看https://x.org/a?b=(c)吧。") == "看 https://x.org/a?b=(c) 吧 。"


def test_jieba_reads_traditional_characters_as_simplified_ones():
    tokeniser = made("jieba-simplified")
    cut = tokeniser.tokenise("臺灣的學生們在 圖書館裡讀書，頭髮乾燥。")
    assert cut[0] == ["臺灣", "的", "學生", "們", "在", "圖書館", "裡", "讀書", "，", "頭髮", "乾燥", "。"]
    assert cut[1] == ["台湾", "的", "学生", "们", "在", "图书馆", "里", "读书", "，", "头发", "干燥", "。"]
    assert tokeniser.forms_of("圖書館") == ["图书馆"]
    assert tokeniser.tokenise("\ud800臺")[0] == ["\ud800", "臺"]


def test_jieba_needs_no_cache_and_says_nothing(tmp_path):
    """A temporary folder that cannot be written, and no line on standard error."""
    code = "from onlstm_parse.text.tokenisers import TOKENISERS; TOKENISERS['jieba']().tokenise('你好世界')"
    environment = os.environ | {
        "TMPDIR": str(tmp_path),
        "PYTHONPATH": os.pathsep.join(p for p in sys.path if p),
    }
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, env=environment, check=True)
    assert done.stderr == b""
    assert list(tmp_path.iterdir()) == []


def test_characters():
    line = "他说it's café No.12，3.5%的GDP。「カナ」３０％"
    expected = "他 说 it's café No . 12 ， 3.5% 的 GDP 。 「 カ ナ 」 ３０％"
    assert words("characters", line) == expected
    assert made("characters").forms_of("北京") == ["北", "京"]


def test_sentencepiece_marks_forms_only():
    learnt = TOKENISERS["sentencepiece"].train(["the dog saw the cat", "the cat saw the dog"] * 50, 30)
    words, forms = learnt.tokenise("the  dog")
    assert "".join(words) == "thedog"
    assert [form.removeprefix("▁") for form in forms] == words
    assert forms[-1] == "▁dog"
    assert learnt.forms_of("dog") == ["▁dog"]
    assert len(learnt.forms_of("wheat")) > 1


def test_sentencepiece_learns_the_same_twice_and_in_bounded_memory(monkeypatch):
    text = [f"{line} {number}" for number, line in enumerate(TEXT * 10)]
    kind = TOKENISERS["sentencepiece"]
    whole = kind.train(text, 60).model
    monkeypatch.setattr(pieces, "SAMPLE_PARTS", 110)
    assert kind.train(text, 60).model == kind.train(iter(text), 60).model != whole


def test_sentencepiece_with_too_few_pieces():
    with pytest.raises(UsageError, match="--pieces"):
        TOKENISERS["sentencepiece"].train(TEXT, 5)


@pytest.mark.parametrize("damage", [lambda model: b"", lambda model: b"{}", lambda model: model[:100]])
def test_a_foreign_sentencepiece_model(damage):
    with pytest.raises(FormatError, match="sentencepiece model"):
        TOKENISERS["sentencepiece"](damage(made("sentencepiece").model))
