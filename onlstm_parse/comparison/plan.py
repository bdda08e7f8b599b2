"""The settings that all runs of a comparison share, stored in its folder so that they cannot change."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from onlstm_parse import corpora
from onlstm_parse.errors import FormatError, OnlstmError, UsageError
from onlstm_parse.evaluation import read_gold
from onlstm_parse.files import write_json
from onlstm_parse.induction import EXPECTATIONS, SPLITTERS
from onlstm_parse.models import CATALOGUE
from onlstm_parse.models.config import ModelConfig
from onlstm_parse.registry import check_known
from onlstm_parse.runs import from_dict
from onlstm_parse.scoring import PROTOCOLS
from onlstm_parse.scoring.gold import Gold
from onlstm_parse.text.config import TextConfig
from onlstm_parse.text.sources import Source, digest
from onlstm_parse.training.config import BUDGETS, TrainingConfig
from onlstm_parse.training.settings import Settings, complete, defaults_for
from onlstm_parse.version import VERSION

PLAN = "comparison.json"
SECTIONS = {"model": ModelConfig, "text": TextConfig, "training": TrainingConfig}
ALL_LAYERS = "all"
OWN = ("model", "seed")  # settings that differ from run to run
SHARED_TRAINING = (*BUDGETS, "validate_every", "device", "precision")  # by all kinds of models


class Job(NamedTuple):
    """One of several runs."""

    model: str
    seed: int

    @property
    def name(self) -> str:
        return f"{self.model}-{self.seed}"


@dataclass(frozen=True)
class Plan:
    """The content of comparison.json. `model` and `seed` in `settings` are not used."""

    text: tuple[str, ...]
    treebank: str
    models: tuple[str, ...]
    seeds: tuple[int, ...]
    settings: Settings
    valid: str | None = None
    test: str | None = None
    format: str | None = None
    protocol: str = "shen2019"
    words: str | None = None
    longest: int | None = None
    size: str = "small"
    """The set of settings of models of another kind than language models."""
    fingerprints: dict[str, str] = field(default_factory=dict)
    version: str = VERSION

    def jobs(self) -> list[Job]:
        """All runs, seed by seed, so that early results cover every model."""
        return [Job(model, seed) for seed in self.seeds for model in self.models]

    def settings_of(self, job: Job) -> Settings:
        """The settings of `train --model MODEL --seed SEED`. Raises UsageError for wrong ones."""
        model, text, training = self.settings
        if CATALOGUE[job.model].kind != model.kind:
            own = defaults_for(self.size, model=job.model)
            shared = {name: getattr(training, name) for name in SHARED_TRAINING}
            model, training = own.model, replace(own.training, **shared)
        return Settings(replace(model, model=job.model), text, replace(training, seed=job.seed))

    def checked(self) -> Plan:
        """The plan with absolute paths, complete settings and fingerprints. Raises OnlstmError."""
        for what, given in (("text", self.text), ("model", self.models), ("seed", self.seeds)):
            if not given:
                raise UsageError(f"no {what} was given", remedy="see onlstm-parse compare --help")
        PROTOCOLS[self.protocol]
        for job in self.jobs():
            check_known("model", job.model, list(CATALOGUE))
            self.settings_of(job)
        return replace(
            self,
            text=tuple(map(corpora.lasting, self.text)),
            treebank=corpora.lasting(self.treebank),
            valid=self.valid and corpora.lasting(self.valid),
            test=self.test and corpora.lasting(self.test),
            models=_unique(self.models),
            seeds=_unique(self.seeds),
            settings=complete(self.settings, self.text, match_width=False),
            fingerprints={name: fingerprint(files) for name, files in self._files().items() if files},
        )

    def columns(self) -> list[str]:
        """LAYER/RULE: each layer of the language models under each greedy rule, then rules that read all."""
        layers = range(1, self.settings.model.layers + 1)
        return [
            *(column(layer, rule) for layer in layers for rule in SPLITTERS),
            *(column(None, rule) for rule in EXPECTATIONS),
        ]

    def gold(self) -> Gold:
        """The sentences of the treebank, as they are scored."""
        return read_gold(self.treebank, self.format, self.words, self.longest)

    def test_files(self) -> Sequence[Source]:
        """The test text: the given one, or that of the corpus, or none."""
        if self.test is not None:
            return corpora.locate_text(self.test)
        return (corpora.locate_test(self.text[0]) if len(self.text) == 1 else None) or []

    def _files(self) -> dict[str, Sequence[Source]]:
        return {
            "text": [path for text in self.text for path in corpora.locate_text(text)],
            "treebank": corpora.locate_treebank(self.treebank),
            "valid": corpora.locate_text(self.valid) if self.valid else [],
            "test": self.test_files(),
        }

    def begun_with(self, folder: Path) -> Plan:
        """Join this plan with the stored one: models and seeds are added, all else must be the same."""
        if not (folder / PLAN).exists():
            return self
        stored = Plan.load(folder)
        for (name, before), (_, after) in zip(stored._shared(), self._shared(), strict=True):
            if before != after:
                raise UsageError(
                    f"{name} is {before} in the comparison {folder}, {after} was asked for",
                    remedy=f"leave {name} as it is to continue, or choose another --out",
                )
        for name in stored.fingerprints | self.fingerprints:
            if stored.fingerprints.get(name) != self.fingerprints.get(name):
                raise OnlstmError(
                    f"the content of {name} is not what the comparison began with",
                    file=folder,
                    remedy="put it back, or choose another --out",
                )
        models, seeds = _unique(stored.models + self.models), _unique(stored.seeds + self.seeds)
        return replace(self, models=models, seeds=seeds)

    def _shared(self) -> Iterator[tuple[str, Any]]:
        """Each setting that all runs share, by its name on the command line."""
        for name in ("text", "treebank", "valid", "test", "format", "protocol", "words", "longest"):
            yield name, getattr(self, name)
        for part in self.settings:
            yield from ((name, value) for name, value in asdict(part).items() if name not in OWN)

    def save(self, folder: Path) -> None:
        content = {**asdict(self), "settings": {n: asdict(part) for n, part in self._sections()}}
        write_json(folder / PLAN, content)

    def _sections(self) -> Iterator[tuple[str, Any]]:
        return zip(SECTIONS, self.settings, strict=True)

    @classmethod
    def load(cls, folder: Path) -> Plan:
        """Raises FormatError if the file is no comparison.json."""
        path = folder / PLAN
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            parts = content["settings"]
            tuples = {name: tuple(content[name]) for name in ("text", "models", "seeds")}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise FormatError(f"expected what compare wrote, found: {error!r}", file=path) from None
        settings = Settings(
            *(from_dict(kind, parts.get(name), path, name) for name, kind in SECTIONS.items())
        )
        return from_dict(cls, {**content, **tuples, "settings": settings}, path, "top level")


def column(layer: int | None, rule: str) -> str:
    """LAYER/RULE; the layer is `all` for a rule that reads all layers."""
    return f"{layer or ALL_LAYERS}/{rule}"


def fingerprint(files: Sequence[Source]) -> str:
    """A digest of the content of the files. Raises OnlstmError if one cannot be read."""
    found = hashlib.sha256()
    for path in files:
        folder = isinstance(path, Path) and path.is_dir()
        inside = (file for file in sorted(Path(path).rglob("*")) if file.is_file()) if folder else [path]
        for file in inside:
            found.update(digest(file, "sha256"))
    return found.hexdigest()[:16]


def _unique(values: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(dict.fromkeys(values))
