"""docs/models.md speaks of every model."""

from pathlib import Path

from onlstm_parse.models import MODELS

TEXT = (Path(__file__).parents[2] / "docs" / "models.md").read_text(encoding="utf-8")


def test_every_model_has_its_section():
    sections = {part.partition("\n")[0]: part for part in TEXT.split("\n## ")[1:]}
    assert list(sections) == list(MODELS)
    for name, section in sections.items():
        assert "**Source**: " in section, name
        assert "**Levels**: " in section, name
