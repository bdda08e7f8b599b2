"""Processes that train one model together, started by torchrun. A single process is a team of one.

Every process has the same weights and computes the gradient of its share of each batch. PyTorch's
DistributedDataParallel averages the gradients while the backward pass goes on. The first process alone
writes, and its clock decides. All processes see the run folder.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import numpy as np
import torch
from torch import distributed, nn

from onlstm_parse.errors import OnlstmError
from onlstm_parse.training.objective import Objective, Step

PATIENCE = timedelta(hours=2)  # one process may read text for that long while the others wait
LOST = ("Connection closed by peer", "Connection reset by peer", "gloo", "NCCL", "Broken pipe")


class Team:
    """The processes of the present training, as `torch.distributed` knows them."""

    def __init__(self) -> None:
        alone = not (distributed.is_available() and distributed.is_initialized())
        self.rank = 0 if alone else distributed.get_rank()
        self.size = 1 if alone else distributed.get_world_size()

    @property
    def first(self) -> bool:
        """Whether this process writes."""
        return self.rank == 0

    def sum(self, *values: float) -> list[float]:
        """The sums over all processes, the same in each."""
        if self.size == 1:
            return list(values)
        sums = torch.tensor(values, dtype=torch.float64)
        distributed.all_reduce(sums)
        return sums.tolist()

    def agreed(self, value: float) -> float:
        """The value that the first process has."""
        return self.sum(value if self.first else 0.0)[0]

    def gathered(self, value: Any) -> list[Any]:
        """The values of all processes, in each."""
        values = [value]
        if self.size > 1:
            values = [None] * self.size
            distributed.all_gather_object(values, value)
        return values

    def deal(self, items: np.ndarray) -> tuple[np.ndarray, int]:
        """This process's share of the items of a batch, and 1.

        Where there are fewer items than processes, some get the first item and 0: it is not to be counted.
        """
        own = items[self.rank :: self.size]
        return (own, 1) if len(own) else (items[:1], 0)

    def step_of(self, objective: Objective) -> Callable[[int, int], Step]:
        """The step of an objective; its gradients come out as those of the joint batch."""
        if self.size == 1:
            return objective.step
        return nn.parallel.DistributedDataParallel(_Joint(objective, self), gradient_as_bucket_view=True)

    def check_same(self, **facts: Any) -> None:
        """Raise OnlstmError unless all processes name the same facts. Nobody goes on before all are here."""
        everyone = self.gathered(facts)
        for name in facts:
            values = [each[name] for each in everyone]
            other = next((rank for rank, value in enumerate(values) if value != values[0]), None)
            if other is not None:
                problem = f"processes differ: {name} is {values[0]} in process 0, {values[other]} in {other}"
                if not self.first:
                    raise SystemExit(1)  # one process tells it
                raise OnlstmError(problem, remedy="give all of them the same toolkit, text and settings")


class _Joint(nn.Module):
    """An objective's step, weighted so that the mean over processes is the mean over the joint batch."""

    def __init__(self, objective: Objective, team: Team) -> None:
        super().__init__()
        self.objective, self.team = objective, team
        self.model = objective.model  # its parameters are what DistributedDataParallel watches

    def forward(self, epoch: int, number: int) -> Step:
        step = self.objective.step(epoch, number)
        share = step.weight * self.team.size / self.team.sum(step.weight)[0]
        return step._replace(total=step.total * share)


@contextmanager
def joined() -> Iterator[Team]:
    """Join the processes that torchrun started, if it did; leave them at the end. May be nested.

    Raises OnlstmError if another process is lost.
    """
    available = distributed.is_available()
    if not available or distributed.is_initialized() or not distributed.is_torchelastic_launched():
        yield Team()
        return
    backend = "gloo"
    if torch.cuda.is_available():
        backend = "cpu:gloo,cuda:nccl"
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]) % torch.cuda.device_count())
    try:
        _meet(backend)
        yield Team()
        distributed.barrier()
    except RuntimeError as error:
        if not any(sign in str(error) for sign in LOST):
            raise
        remedy = "the run is whole: continue it with --resume, on as many processes as you like"
        raise OnlstmError("another process of this training has ended", remedy=remedy) from None
    finally:
        if distributed.is_initialized():
            distributed.destroy_process_group()


def _meet(backend: str) -> None:
    store, rank, size = next(distributed.rendezvous("env://"))
    if os.environ["GROUP_WORLD_SIZE"] == "1":
        # On one machine torchrun keeps its store when it restarts processes, with the addresses of those that
        # ended.
        store = distributed.PrefixStore(f"start-{os.environ['TORCHELASTIC_RESTART_COUNT']}", store)
    distributed.init_process_group(backend, store=store, rank=rank, world_size=size, timeout=PATIENCE)


def restarted() -> bool:
    """Whether torchrun has started this process again, after one was lost."""
    return int(os.environ.get("TORCHELASTIC_RESTART_COUNT", 0)) > 0


@contextmanager
def first_here_first(team: Team) -> Iterator[None]:
    """The first process of each machine runs the block before the others do."""
    first_here = team.size == 1 or os.environ.get("LOCAL_RANK", "0") == "0"
    if not first_here:
        team.sum(0.0)
    yield
    if first_here:
        team.sum(0.0)
