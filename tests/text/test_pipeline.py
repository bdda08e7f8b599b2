import pytest

from onlstm_parse.errors import FormatError, UsageError
from onlstm_parse.text.config import TextConfig
from onlstm_parse.text.normalisation import NORMALISATIONS
from onlstm_parse.text.pipeline import TextPipeline
from onlstm_parse.text.tokenisers import TOKENISERS
from onlstm_parse.text.vocabulary import EOS, UNK, Vocabulary

TEXT = ["The old dog saw a cat.", "小明在北京大学读书。"] * 30
LINES = ["", " ", "...", "The dog, 3 cats!", "word " * 500, "\0", "👍🏽 e\u0301 \u202eabc", "小明 <unk> N"]


def made(tokeniser, normalisation="mikolov"):
    config = TextConfig(tokeniser=tokeniser, normalisation=normalisation, pieces=50)
    forms = ["the", "dog", "saw", "N", "小", "明", "小明", "▁the", "▁dog"]
    return TextPipeline(config, TOKENISERS[tokeniser].train(TEXT, 50), Vocabulary([EOS, UNK, *forms]))


@pytest.mark.parametrize("normalisation", list(NORMALISATIONS))
@pytest.mark.parametrize("tokeniser", list(TOKENISERS))
def test_every_pair_encodes_any_line_and_comes_back_from_a_folder(tmp_path, tokeniser, normalisation):
    pipeline = made(tokeniser, normalisation)
    pipeline.save(tmp_path)
    again = TextPipeline.load(tmp_path, pipeline.config)
    for line in LINES:
        encoded = pipeline.encode(line)
        assert len(encoded.words) == len(encoded.pieces)
        assert all(len(word) <= 1 for word in encoded.pieces)
        assert all(0 <= number < len(pipeline.vocabulary) for word in encoded.pieces for number in word)
        assert again.encode(line) == encoded
        given = pipeline.encode_words(line.split())
        assert given.words == line.split()
        assert len(given.pieces) == len(given.words)


def test_dropped_and_unknown_words():
    encoded = made("ptb").encode("The dog, it saw 3 1/2.")
    assert encoded.words == ["The", "dog", ",", "it", "saw", "3", "1/2", "."]
    assert encoded.pieces == [[2], [3], [], [1], [4], [5], [5], []]


def test_a_word_of_several_pieces():
    encoded = made("characters").encode_words(["小明", "。", "dog"])
    assert encoded.pieces == [[6, 7], [], [3]]


def test_a_folder_without_its_files(tmp_path):
    pipeline = made("sentencepiece")
    with pytest.raises(FormatError, match=r"vocabulary\.json"):
        TextPipeline.load(tmp_path, pipeline.config)
    pipeline.vocabulary.save(tmp_path / "vocabulary.json")
    with pytest.raises(FormatError, match=r"tokeniser\.model"):
        TextPipeline.load(tmp_path, pipeline.config)
    (tmp_path / "tokeniser.model").write_bytes(b"foreign")
    with pytest.raises(FormatError, match=r"tokeniser\.model"):
        TextPipeline.load(tmp_path, pipeline.config)


@pytest.mark.parametrize(
    ("setting", "value", "hint"),
    [
        ("tokeniser", "jeba", "jieba"),
        ("normalisation", "mikolow", "mikolov"),
        ("bad_bytes", "replce", "replace"),
        ("min_count", 0, "at least 1"),
        ("max_words", 2, "at least 3"),
        ("pieces", 0, "at least 1"),
    ],
)
def test_settings_that_cannot_be_meant(setting, value, hint):
    with pytest.raises(UsageError, match=hint):
        TextConfig(**{setting: value})


def test_curly_quotes_of_a_treebank_are_read_as_straight():
    pipeline = made("ptb")
    assert pipeline.encode_words(["“", "don’t"]).pieces == [[], [1]]
    assert pipeline.tokeniser.forms_of("n’t") == ["n't"]
