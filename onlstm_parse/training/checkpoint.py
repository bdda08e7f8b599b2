"""The checkpoint: one file with all that an interrupted run needs to continue exactly, written whole."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from torch import Tensor

from onlstm_parse.errors import FormatError
from onlstm_parse.runs import RESUME, read_tensors, write_tensors
from onlstm_parse.training.objective import Objective
from onlstm_parse.training.optimisation import Average


@dataclass
class Progress:
    """The position of a training. `seconds` counts all its sessions."""

    epoch: int = 0  # passes finished
    step: int = 0  # batches done in the present pass
    updates: int = 0
    tokens: int = 0
    validated: int = 0  # tokens at the last validation
    seconds: float = 0.0
    validation_seconds: float = 0.0  # of the last validation; a budget in minutes leaves room for one more
    reports: int = 0  # lines of metrics.jsonl
    finished: bool = False
    figures: list[float] = field(default_factory=list)  # of the validations
    averaged: int = 0


def checkpoint_file(folder: Path) -> Path:
    return folder / RESUME / "state.safetensors"


def save_checkpoint(
    folder: Path,
    progress: Progress,
    objective: Objective,
    optimiser: torch.optim.Optimizer,
    average: Average,
) -> None:
    progress.averaged = average.updates
    tensors = {f"model.{name}": tensor for name, tensor in objective.model.state_dict().items()}
    tensors |= {f"average.{name}": tensor for name, tensor in average.tensors.items()}
    for index, entry in optimiser.state_dict()["state"].items():
        for name, value in entry.items():
            if value is not None:
                tensors[f"optimiser.{index}.{name}"] = torch.as_tensor(value)
    tensors |= {f"state.{name}": tensor for name, tensor in objective.carried().items()}
    tensors["random.cpu"] = torch.get_rng_state()
    if torch.cuda.is_available():
        tensors["random.cuda"] = torch.cuda.get_rng_state()
    write_tensors(checkpoint_file(folder), tensors, {"progress": json.dumps(asdict(progress))})


def load_checkpoint(
    folder: Path, objective: Objective, optimiser: torch.optim.Optimizer, average: Average
) -> Progress:
    """Fill model, objective, optimiser, average and random states; returns where the run stood.

    Raises FormatError for a damaged file or one of another run.
    """
    path = checkpoint_file(folder)
    tensors, facts = read_tensors(path)
    try:
        stored = json.loads(facts["progress"])
        if "perplexities" in stored:  # as older runs call them
            stored["figures"] = stored.pop("perplexities")
        progress = Progress(**stored)
        objective.model.load_state_dict(_part(tensors, "model."))
        # The settings of the groups come from the run's configuration, the rest from the file.
        whole = optimiser.state_dict()
        whole["state"] = {}
        for name, tensor in _part(tensors, "optimiser.").items():
            index, _, key = name.partition(".")
            whole["state"].setdefault(int(index), {})[key] = tensor
        optimiser.load_state_dict(whole)
        device = next(objective.model.parameters()).device
        average.tensors = {name: t.to(device) for name, t in _part(tensors, "average.").items()}
        average.updates = progress.averaged
        objective.carry(_part(tensors, "state."))
        torch.set_rng_state(tensors["random.cpu"])
    except (KeyError, ValueError, TypeError, RuntimeError) as error:
        raise FormatError(f"no checkpoint of this run: {error}", file=path, remedy="train anew") from None
    if "random.cuda" in tensors and torch.cuda.is_available():
        torch.cuda.set_rng_state(tensors["random.cuda"])
    return progress


def _part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
