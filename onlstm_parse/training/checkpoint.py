"""The checkpoint: one file with all that an interrupted run needs to continue exactly, written whole.

Each process of a team has random states and a carried state of its own. The first writes those of all. With
another number of processes a run continues from the same weights and place, but not bit for bit.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from torch import Tensor

from onlstm_parse.errors import FormatError
from onlstm_parse.runs import RESUME, read_tensors, write_tensors
from onlstm_parse.training.objective import Objective
from onlstm_parse.training.optimisers import Optimiser
from onlstm_parse.training.schedule import Average
from onlstm_parse.training.team import Team


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
    processes: int = 1


def checkpoint_file(folder: Path) -> Path:
    return folder / RESUME / "state.safetensors"


def is_finished(folder: Path) -> bool:
    """Whether the training in a folder has used up its budget. One with a damaged checkpoint has not."""
    try:
        facts = read_tensors(checkpoint_file(folder))[1]
        return bool(json.loads(facts["progress"])["finished"])
    except (FormatError, KeyError, ValueError):
        return False


def save_checkpoint(
    folder: Path,
    progress: Progress,
    objective: Objective,
    optimiser: Optimiser,
    average: Average,
    team: Team,
) -> None:
    """Called by all processes of a team; the first one writes."""
    progress.averaged, progress.processes = average.updates, team.size
    everyone = team.gathered(_own(objective))
    if not team.first:
        return
    tensors = {f"model.{name}": tensor for name, tensor in objective.model.state_dict().items()}
    tensors |= {f"average.{name}": tensor for name, tensor in average.tensors.items()}
    tensors |= {f"optimiser.{name}": tensor for name, tensor in optimiser.tensors().items()}
    for rank, own in enumerate(everyone):
        tensors |= {f"{_process(rank)}{name}": tensor for name, tensor in own.items()}
    write_tensors(checkpoint_file(folder), tensors, {"progress": json.dumps(asdict(progress))})


def _process(rank: int) -> str:
    """What the names of a process's own tensors begin with; nothing for the first, as where it is alone."""
    return f"process{rank}." if rank else ""


def _own(objective: Objective) -> dict[str, Tensor]:
    """What each process has for itself: the carried state, and random states."""
    tensors = {f"state.{name}": tensor.cpu() for name, tensor in objective.carried().items()}
    tensors["random.cpu"] = torch.get_rng_state()
    if torch.cuda.is_available():
        tensors["random.cuda"] = torch.cuda.get_rng_state()
    return tensors


def load_checkpoint(
    folder: Path, objective: Objective, optimiser: Optimiser, average: Average, team: Team
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
        optimiser.restore(_part(tensors, "optimiser."))
        device = next(objective.model.parameters()).device
        average.tensors = {name: t.to(device) for name, t in _part(tensors, "average.").items()}
        average.updates = progress.averaged
        if progress.processes == team.size:
            _take_own(_part(tensors, _process(team.rank)), objective)
        else:
            torch.manual_seed(torch.initial_seed() + progress.updates)
    except (KeyError, ValueError, TypeError, RuntimeError) as error:
        raise FormatError(f"no checkpoint of this run: {error}", file=path, remedy="train anew") from None
    return progress


def _take_own(tensors: dict[str, Tensor], objective: Objective) -> None:
    objective.carry(_part(tensors, "state."))
    torch.set_rng_state(tensors["random.cpu"])
    if "random.cuda" in tensors and torch.cuda.is_available():
        torch.cuda.set_rng_state(tensors["random.cuda"])


def _part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
