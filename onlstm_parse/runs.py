"""The run folder: everything that made a model, written whole and read without running code.

config.json          toolkit version, model, text and training settings, the data's fingerprints
model.safetensors    the weights with the best validation perplexity
vocabulary ...       what the text pipeline keeps
metrics.jsonl        one report a line
resume/              optimiser, random states, position: not needed for parsing
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from onlstm_parse.errors import FormatError, OnlstmError
from onlstm_parse.files import written_whole
from onlstm_parse.models.config import ModelConfig
from onlstm_parse.registry import nearest
from onlstm_parse.text.config import TextConfig
from onlstm_parse.version import VERSION

if TYPE_CHECKING:
    from onlstm_parse.models.base import LanguageModel
    from onlstm_parse.text.pipeline import TextPipeline

CONFIG, WEIGHTS, METRICS, RESUME = "config.json", "model.safetensors", "metrics.jsonl", "resume"

Config = TypeVar("Config")


@dataclass(frozen=True)
class RunConfig:
    """The content of config.json."""

    model: ModelConfig
    text: TextConfig
    training: dict[str, Any] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)
    version: str = VERSION

    def save(self, folder: Path) -> None:
        with written_whole(folder / CONFIG) as file:
            json.dump(asdict(self), file, ensure_ascii=False, indent=2)
            file.write("\n")

    @classmethod
    def load(cls, folder: Path) -> RunConfig:
        """Raises OnlstmError where `folder` is no run, FormatError for a key nobody knows."""
        path = folder / CONFIG
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except (FileNotFoundError, NotADirectoryError):
            raise OnlstmError(
                f"expected a run folder, found no {CONFIG}",
                file=folder,
                remedy="make one with onlstm-parse train TEXT --out RUN",
            ) from None
        except (ValueError, OSError) as error:
            raise FormatError(f"not a readable JSON file ({error})", file=path) from None
        whole = dict(content) if isinstance(content, dict) else {}
        if isinstance(whole.get("model"), dict):  # runs of before there was a choice
            whole["model"] = {"softmax": "full", **whole["model"]}
        for name, kind in (("model", ModelConfig), ("text", TextConfig)):
            whole[name] = from_dict(kind, whole.get(name), path, name)
        return from_dict(cls, whole, path, "top level")


def from_dict(kind: type[Config], values: Any, path: Path, section: str) -> Config:
    """Build the dataclass `kind`, refusing keys that it does not have."""
    if not isinstance(values, dict):
        raise FormatError(f"section {section!r} is missing or no object", file=path)
    known = [entry.name for entry in fields(kind)]  # type: ignore[arg-type]
    for key in values:
        if key not in known:
            raise FormatError(f"unknown key {key!r} in {section!r}", file=path, remedy=nearest(key, known))
    try:
        return kind(**values)
    except TypeError as error:
        raise FormatError(f"section {section!r} does not fit: {error}", file=path) from None


@dataclass(frozen=True)
class Run:
    """A trained model with its text pipeline, ready to parse."""

    folder: Path
    config: RunConfig
    pipeline: TextPipeline
    model: LanguageModel

    @classmethod
    def load(cls, folder: str | Path) -> Run:
        """Read a run folder; raises OnlstmError or FormatError naming the file at fault."""
        from onlstm_parse.models.base import LanguageModel
        from onlstm_parse.text.pipeline import TextPipeline

        folder = Path(folder)
        config = RunConfig.load(folder)
        pipeline = TextPipeline.load(folder, config.text)
        model = LanguageModel(config.model, len(pipeline.vocabulary))
        load_weights(model, folder)
        return cls(folder, config, pipeline, model.eval())


def save_weights(model: LanguageModel, folder: Path) -> None:
    write_tensors(folder / WEIGHTS, dict(model.state_dict()), {"format": "pt", "version": VERSION})


def load_weights(model: LanguageModel, folder: Path) -> None:
    """Fill `model`; raises FormatError for a truncated file or one of another model."""
    path = folder / WEIGHTS
    tensors, _ = read_tensors(path)
    expected = model.state_dict()
    for name in sorted(expected.keys() | tensors.keys()):
        wanted, found = (
            tuple(source[name].shape) if name in source else "nothing" for source in (expected, tensors)
        )
        if wanted != found:
            raise FormatError(
                f"weights of another model: {name} should be {wanted}, found {found}",
                file=path,
                remedy=f"put back the {WEIGHTS} that belongs to {CONFIG}",
            )
    model.load_state_dict(tensors)


def write_tensors(path: Path, tensors: dict[str, Any], facts: dict[str, str]) -> None:
    """One safetensors file, whole or not at all."""
    from safetensors.torch import save

    content = save({name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}, facts)
    with written_whole(path, "wb") as file:
        file.write(content)


def read_tensors(path: Path) -> tuple[dict[str, Any], dict[str, str]]:
    """The tensors and the facts beside them; raises FormatError."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            names = list(file.keys())
            return {name: file.get_tensor(name) for name in names}, file.metadata() or {}
    except FileNotFoundError:
        raise FormatError(
            "the file is missing", file=path, remedy="the run is incomplete: train it again"
        ) from None
    except (SafetensorError, OSError) as error:
        raise FormatError(
            f"truncated, or no safetensors file ({error})", file=path, remedy="copy or train the run again"
        ) from None
