"""From a size, a recipe and single settings to the three configurations of a run. Imports no torch."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, NamedTuple

from onlstm_parse.errors import UsageError
from onlstm_parse.models import CATALOGUE, GRAMMAR, KINDS
from onlstm_parse.registry import check_known, resolve
from onlstm_parse.runs import CONFIG, RunConfig, from_dict
from onlstm_parse.text.config import TextConfig
from onlstm_parse.training.config import BUDGETS, DEFAULT_EPOCHS, RECIPES, TrainingConfig

SAMPLE = 100_000  # characters of a text, from which tokeniser and normalisation are chosen

# A tiny model learns with large steps and needs no penalties. Its texts are short, so batches are small.
TINY_ADAMW = replace(
    RECIPES["adamw"], learning_rate=0.01, batch_size=32, activation_penalty=0.0, temporal_penalty=0.0
)


# After Kim et al. 2019 and Liu et al. 2023, whose clip is for the loss of a sentence, not of a word. Batches
# are larger, since each computes all emissions. The small beta 2 keeps a rare large gradient from undoing
# what was learnt.
SENTENCES_ADAMW = replace(
    RECIPES["adamw"],
    learning_rate=0.01,
    momentum=0.75,
    square_momentum=0.99,
    weight_decay=0.0,
    clip=0.15,
    update_clip=2.0,
    batch_size=32,
)


class Settings(NamedTuple):
    """All that makes a run, except its text."""

    model: Any
    """A `NetworkConfig` of the kind of run."""
    text: TextConfig
    training: TrainingConfig

    @property
    def kind(self) -> str:
        """The kind of run that these settings make."""
        return str(self.model.kind)


def defaults_for(size: str = "small", recipe: str = "adamw", model: str = "on-lstm") -> Settings:
    """The defaults of a size, a recipe and a model, to be changed and then completed. Raises UsageError."""
    check_known("model", model, list(CATALOGUE))
    kind = CATALOGUE[model].kind
    sizes = resolve(CATALOGUE[model].sizes or KINDS[kind].sizes)
    check_known("size", size, sizes)
    check_known("recipe", recipe, RECIPES)
    training = RECIPES[recipe]
    if kind == GRAMMAR:
        if recipe != "adamw":
            raise UsageError(f"recipe {recipe} is for language models", remedy="leave --recipe out")
        training = SENTENCES_ADAMW
    elif (size, recipe) == ("tiny", "adamw"):
        training = TINY_ADAMW
    return Settings(
        replace(sizes[size], model=model), TextConfig(tokeniser="auto", normalisation="auto"), training
    )


def complete(settings: Settings, texts: Sequence[str], match_width: bool) -> Settings:
    """Replace what is still open: `auto` in the text settings, a missing budget and, with `match_width`,
    the hidden width. Complete settings stay as they are, but for what depends on the vocabulary."""
    model, text, training = settings
    if "auto" in (text.tokeniser, text.normalisation):
        text = settled(text, text_config_for(texts))
    if all(getattr(training, name) is None for name in BUDGETS):
        training = replace(training, epochs=DEFAULT_EPOCHS[training.recipe])
    if match_width:
        from onlstm_parse.models.sizes import matched

        model = matched(model)
    return Settings(model, text, training)


def settled(text: TextConfig, suits: TextConfig) -> TextConfig:
    """The settings with `auto` replaced by what another configuration has."""
    names = [name for name in ("tokeniser", "normalisation") if getattr(text, name) == "auto"]
    return replace(text, **{name: getattr(suits, name) for name in names})


def change(settings: Settings, **changes: Any) -> Settings:
    """Replace single fields of any of the three configurations. Raises UsageError for unknown names."""
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
    if config.text is None:
        raise UsageError(f"{folder} is an {config.kind}, which is not trained", remedy="choose another --out")
    training = from_dict(TrainingConfig, config.training, folder / CONFIG, "training")
    return Settings(config.model, config.text, training), config.data


def text_config_for(texts: Sequence[str]) -> TextConfig:
    """The settings that suit a text: those of its corpus, or by the script at the start of the first file."""
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
        return TextConfig(tokeniser="whitespace" if segmented else "jieba-simplified", normalisation="words")
    return TextConfig(tokeniser="whitespace" if "<unk>" in text else "ptb")
