"""docs/models.md speaks of every model."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from onlstm_parse.models import MODELS

DOCS = Path(__file__).parents[2] / "docs"
TEXT = (DOCS / "models.md").read_text(encoding="utf-8")
COMPARED = set(re.findall(r"^\| ([a-z-]+) +\|", (DOCS / "comparison.md").read_text(encoding="utf-8"), re.M))


def test_every_model_has_its_section():
    sections = {part.partition("\n")[0]: part for part in TEXT.split("\n## ")[1:]}
    assert list(sections) == list(MODELS)
    for name, section in sections.items():
        assert "**Source**: " in section, name
        assert "**Levels**: " in section, name


@pytest.mark.parametrize("language", ["english", "chinese"])
def test_every_compared_model_is_drawn_with_the_same_sentence(language):
    sentences = set()
    for name in COMPARED & set(MODELS):
        picture = f"models/{name}-{language}.svg"
        assert f"({picture})" in TEXT
        texts = ElementTree.parse(DOCS / picture).iter("{http://www.w3.org/2000/svg}text")
        sentences.add(tuple(node.text for node in texts if node.get("class") == "word"))
    assert {"on-lstm", "rnn"} <= COMPARED
    (sentence,) = sentences
    assert len(sentence) > 5


def test_models_without_results_are_named():
    page = (DOCS / "comparison.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in page for name in set(MODELS) - COMPARED)
