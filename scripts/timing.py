"""What the benchmarks share: a clock, paths that take turns, the speed of a large product."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from statistics import median
from typing import TypeVar

import torch

from onlstm_parse.ops.graphed import CAPTURED_AT
from onlstm_parse.ops.product import product

Key = TypeVar("Key")
DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}
CPU = torch.device("cpu")


def clock() -> float:
    """Seconds: of the processor where one thread does all, else of the clock on the wall."""
    alone = torch.get_num_threads() == 1 and not torch.cuda.is_available()
    return time.process_time() if alone else time.perf_counter()


def in_turn(paths: Mapping[Key, Callable[[], object]], rounds: int) -> dict[Key, float]:
    """Median seconds of each path, all run once in every round; before it, until graphs are captured."""
    for run in paths.values():
        for _ in range(CAPTURED_AT if torch.cuda.is_available() else 1):
            run()
    seconds: dict[Key, list[float]] = {key: [] for key in paths}
    for _ in range(rounds):
        for key, run in paths.items():
            began = clock()
            run()
            wait()
            seconds[key].append(clock() - began)
    return {key: median(values) for key, values in seconds.items()}


def wait() -> None:
    """Until a GPU has done what it was asked."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def ceiling(precision: str, device: torch.device = CPU) -> float:
    """Floating-point operations a second of a large product."""
    a, b = (torch.randn(2048, 2048, device=device).to(DTYPES[precision]) for _ in range(2))
    return 2 * 2048**3 / in_turn({"product": lambda: product(a, b)}, 7)["product"]
