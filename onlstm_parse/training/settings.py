"""From a size, a recipe and single settings to the three configurations of a run; no torch."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, NamedTuple

from onlstm_parse.models import CATALOGUE
from onlstm_parse.models.config import SIZES, ModelConfig
from onlstm_parse.registry import check_known
from onlstm_parse.runs import CONFIG, RunConfig, from_dict
from onlstm_parse.text.config import TextConfig
from onlstm_parse.training.config import RECIPES, TrainingConfig

SAMPLE = 100_000  # characters of a text that are looked at

# A model this small takes large steps and needs no regularisers, and its texts are short: many small
# windows a pass.
TINY_ADAMW = replace(
    RECIPES["adamw"], learning_rate=0.01, batch_size=32, activation_penalty=0.0, temporal_penalty=0.0
)


class Settings(NamedTuple):
    """All that makes a run, besides its text."""

    model: ModelConfig
    text: TextConfig
    training: TrainingConfig

    @property
    def kind(self) -> str:
        """The kind of run that these settings make."""
        return CATALOGUE[self.model.model].kind


def settings_for(texts: Sequence[str], size: str = "small", recipe: str = "adamw") -> Settings:
    """The defaults for a size, a recipe and the look of the text; raises UsageError for unknown names."""
    check_known("size", size, SIZES)
    check_known("recipe", recipe, RECIPES)
    training = TINY_ADAMW if (size, recipe) == ("tiny", "adamw") else RECIPES[recipe]
    return Settings(SIZES[size], text_config_for(texts), training)


def change(settings: Settings, **changes: Any) -> Settings:
    """Replace single fields, whichever of the three configurations they belong to."""
    known = [entry.name for part in settings for entry in fields(part)]
    for name in changes:
        check_known("setting", name, known)
    parts: list[Any] = [
        replace(part, **{entry.name: changes[entry.name] for entry in fields(part) if entry.name in changes})
        for part in settings
    ]
    return Settings(*parts)


def stored_settings(folder: Path) -> tuple[Settings, dict[str, Any]]:
    """The settings and the `data` section of a run folder."""
    config = RunConfig.load(folder)
    training = from_dict(TrainingConfig, config.training, folder / CONFIG, "training")
    return Settings(config.model, config.text, training), config.data


def text_config_for(texts: Sequence[str]) -> TextConfig:
    """What suits the text: as the corpus recommends, or by the script of the first file's beginning."""
    from onlstm_parse import corpora
    from onlstm_parse.text.reading import read_lines

    if not texts:
        return TextConfig()
    corpus = corpora.find(texts[0])
    if corpus is not None and corpus.tokeniser and corpus.normalisation:
        return TextConfig(tokeniser=corpus.tokeniser, normalisation=corpus.normalisation)
    text = ""
    for line in read_lines(corpora.locate_text(texts[0]), "replace"):
        text += f"{line} "
        if len(text) > SAMPLE:
            break
    han = len(re.findall(r"[\u3400-\u9fff]", text))
    if han > 0.2 * len(text):
        segmented = text.count(" ") > 0.2 * han
        return TextConfig(tokeniser="whitespace" if segmented else "jieba", normalisation="words")
    return TextConfig(tokeniser="whitespace" if "<unk>" in text else "ptb")
