"""The run folder: everything that made a parser, written whole and read without running code.

config.json          toolkit version, kind, its settings, text and training settings, fingerprints
model.safetensors    the weights with the best validation figure, where the kind has weights
vocabulary ...       what the text pipeline keeps
metrics.jsonl        one report a line
snapshots/TOKENS/    a run each: the weights after so many tokens, if they were to be kept
resume/              optimiser, random states, position: not needed for parsing
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from onlstm_parse.errors import FormatError, OnlstmError
from onlstm_parse.files import folder_written_whole, write_json, written_whole
from onlstm_parse.models import KINDS, LANGUAGE_MODEL
from onlstm_parse.registry import nearest, resolve
from onlstm_parse.text.config import TextConfig
from onlstm_parse.version import VERSION, as_numbers

if TYPE_CHECKING:
    from torch import nn

CONFIG, WEIGHTS, METRICS, RESUME = "config.json", "model.safetensors", "metrics.jsonl", "resume"
SNAPSHOTS = "snapshots"
# Settings that older runs lack, and what those runs were made with.
BEFORE = {LANGUAGE_MODEL: {"softmax": "full"}}

Config = TypeVar("Config")


@dataclass(frozen=True)
class RunReference:
    """Another run, or a file, that a run needs: where it is, and which one it was."""

    path: str
    """Relative to the folder of the run that refers to it."""
    fingerprint: str

    @classmethod
    def to(cls, path: Path, referring: Path) -> RunReference:
        """A reference from the run in `referring` to the run or file at `path`."""
        return cls(os.path.relpath(path, referring), fingerprint(path))

    def place(self, referring: Path) -> Path:
        """Where it should be, seen from the run in `referring`, which need not exist yet."""
        return Path(os.path.normpath(referring / self.path))

    def checked(self, referring: Path) -> Path:
        """Where it is. Raises FormatError where it is gone, or is not the one that was referred to."""
        path = self.place(referring)
        if not (path.is_file() or (path / CONFIG).exists()):
            raise FormatError(
                f"the run or file that it needs is gone: {self.path}", file=referring, remedy="put it back"
            )
        if fingerprint(path) != self.fingerprint:
            raise FormatError(
                f"the run or file that it needs has changed since: {self.path}",
                file=referring,
                remedy="put the old one back, or make this run again",
            )
        return path

    def load(self, referring: Path) -> Run:
        """Raises what `checked` raises."""
        return Run.load(self.checked(referring))


@dataclass(frozen=True)
class RunConfig:
    """The content of config.json."""

    model: Any
    """The settings of the run's kind, a frozen dataclass, see `models.KINDS`."""
    text: TextConfig | None
    """None for a kind that has no vocabulary."""
    training: dict[str, Any] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)
    version: str = VERSION
    kind: str = LANGUAGE_MODEL

    def save(self, folder: Path) -> None:
        write_json(folder / CONFIG, asdict(self))

    @classmethod
    def load(cls, folder: Path) -> RunConfig:
        """Raises OnlstmError where `folder` is no run, FormatError for an unknown key or a newer run."""
        path = folder / CONFIG
        content = _read_object(path)
        _refuse_newer(content, path)
        kind = content.get("kind", LANGUAGE_MODEL)
        if kind not in KINDS:
            raise FormatError(f"unknown kind of run {kind!r}", file=path, remedy=nearest(kind, list(KINDS)))
        if isinstance(content.get("model"), dict):
            content["model"] = {**BEFORE.get(kind, {}), **content["model"]}
        content["model"] = from_dict(resolve(KINDS[kind].config), content.get("model"), path, "model")
        if KINDS[kind].network:
            content["text"] = from_dict(TextConfig, content.get("text"), path, "text")
        return from_dict(cls, content, path, "top level")


def _read_object(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise OnlstmError(
            f"expected a run folder, found no {CONFIG}",
            file=path.parent,
            remedy="make one with onlstm-parse induce TEXT --out RUN, or name a pretrained parser: en, zh",
        ) from None
    except (ValueError, OSError) as error:
        raise FormatError(f"not a readable JSON file ({error})", file=path) from None
    return dict(content) if isinstance(content, dict) else {}


def _refuse_newer(content: dict[str, Any], path: Path) -> None:
    made_by = content.get("version", VERSION)
    if as_numbers(made_by) > as_numbers(VERSION):
        raise FormatError(
            f"the run was made by onlstm-parse {made_by}, this is {VERSION}",
            file=path,
            remedy="install the newer version: pip install --upgrade onlstm-parse",
        )


def from_dict(kind: type[Config], values: Any, path: Path, section: str) -> Config:
    """Build the dataclass `kind`; raises FormatError for a key that it does not have."""
    if not isinstance(values, dict):
        raise FormatError(f"section {section!r} is missing, or is no object", file=path)
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
    """A finished or interrupted run, ready to parse."""

    folder: Path
    config: RunConfig
    pipeline: Any
    """The `TextPipeline` of what is trained, else None."""
    model: Any
    """The network of the kind, a `models.network.Network`, or None."""

    @classmethod
    def load(cls, folder: str | Path) -> Run:
        """Read a run folder. Raises OnlstmError or FormatError with the file at fault."""
        from onlstm_parse.text.pipeline import TextPipeline

        folder = Path(folder)
        config = RunConfig.load(folder)
        if config.text is None:
            return cls(folder, config, None, None)
        pipeline = TextPipeline.load(folder, config.text)
        model = resolve(KINDS[config.kind].network)(config.model, len(pipeline.vocabulary))
        load_weights(model, folder)
        return cls(folder, config, pipeline, model.eval())


def fingerprint(path: Path) -> str:
    """Twelve hexadecimal digits of a file, or of what a run parses with: settings, vocabulary, weights."""
    from onlstm_parse.text.pipeline import TOKENISER_FILE, VOCABULARY_FILE

    names = (CONFIG, WEIGHTS, VOCABULARY_FILE, TOKENISER_FILE)
    files = [path] if path.is_file() else [path / name for name in names if (path / name).exists()]
    digest = hashlib.sha256()
    for file in files:
        with file.open("rb") as content:
            digest.update(file.name.encode() + hashlib.file_digest(content, "sha256").digest())
    return digest.hexdigest()[:12]


def save_weights(model: nn.Module, folder: Path) -> None:
    # One fact at most: safetensors writes several in a random order, and equal runs are equal files.
    stored_as = getattr(model, "stored_as", None)
    tensors = {name: tensor.to(stored_as or tensor.dtype) for name, tensor in model.state_dict().items()}
    write_tensors(folder / WEIGHTS, tensors, {"format": "pt"})


def save_snapshot(model: nn.Module, folder: Path, tokens: int) -> None:
    """Keep the present weights as a run inside the run; one of the same number of tokens stays as it is."""
    from onlstm_parse.text.pipeline import TOKENISER_FILE, VOCABULARY_FILE

    with folder_written_whole(folder / SNAPSHOTS / f"{tokens:012}") as snapshot:
        for name in (CONFIG, VOCABULARY_FILE, TOKENISER_FILE):
            if (folder / name).exists():
                shutil.copy(folder / name, snapshot)
        save_weights(model, snapshot)


def read_metrics(folder: Path) -> list[dict[str, Any]]:
    """What a run reported while it was trained, in order; a line that a crash cut off is left out."""
    path = folder / METRICS
    *lines, _ = path.read_text(encoding="utf-8").split("\n") if path.exists() else [""]
    return [json.loads(line) for line in lines]


def best_perplexity(folder: Path) -> float:
    """The lowest validation perplexity that a run reported: that of its weights."""
    reported = [report.get("valid_perplexity") for report in read_metrics(folder)]
    return min(perplexity for perplexity in reported if perplexity)


def snapshots(folder: Path) -> dict[int, Path]:
    """The snapshots of a run, by the tokens seen before, in order. Raises OnlstmError if there are none."""
    found = {int(path.name): path for path in sorted((folder / SNAPSHOTS).glob("[0-9]*"))}
    if not found:
        remedy = "train with --snapshots to keep them"
        raise OnlstmError("the run has no snapshots", file=folder, remedy=remedy)
    return found


def load_weights(model: nn.Module, folder: Path) -> None:
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
