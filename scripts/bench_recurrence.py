#!/usr/bin/env python3
"""Time and memory of the recurrences, beside PyTorch's own, measured in turn in one run.

    .venv/bin/python scripts/bench_recurrence.py [--quick] [--json FILE]
    OMP_NUM_THREADS=1 .venv/bin/python scripts/bench_recurrence.py --keep-memory

Three stacked layers E → H → H → E, as in the language model. A row's seconds are the median of several
rounds; in each round all paths of a table take their turn, so that a noisy machine disturbs all alike. With
one thread they are processor time, so that work beside it counts less.
`of ceiling` is the share of the speed that large matrix products reach here in the same precision.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

import torch
from timing import ceiling, in_turn
from torch import Tensor, nn

from onlstm_parse.files import written_whole
from onlstm_parse.models.base import Layer
from onlstm_parse.models.config import ModelConfig
from onlstm_parse.models.on_lstm import OnLstm
from onlstm_parse.ops.memory import keep_freed_memory
from onlstm_parse.ops.on_lstm.reference import on_lstm_reference
from onlstm_parse.ops.precision import choose_device, products_in


@dataclass(frozen=True)
class Case:
    embedding: int
    hidden: int
    chunk: int
    batch: int
    steps: int

    @property
    def sizes(self) -> list[int]:
        return [self.embedding, self.hidden, self.hidden, self.embedding]

    def flops(self, backward: bool) -> float:
        """Of the matrix products; a product's backward pass is two."""
        weights = sum((a + b) * (4 * b + 2 * b // self.chunk) for a, b in pairwise(self.sizes))
        return 2.0 * weights * self.batch * self.steps * (3 if backward else 1)


@dataclass(frozen=True)
class Row:
    path: str
    sizes: str
    batch: int
    steps: int
    precision: str
    phase: str
    seconds: float
    ratio_to_lstm: float
    """To the time of torch.nn.LSTM in fp32."""
    ratio_to_same: float
    """To its time in this precision."""
    of_ceiling: float


LARGE, MIDDLE, SMALL = (
    Case(400, 1150, 10, 20, 70),
    Case(256, 512, 16, 64, 35),
    Case(200, 200, 10, 20, 70),
)
ONE_SENTENCE = Case(256, 512, 16, 1, 30)
PATHS = [("torch.nn.LSTM", "fp32"), ("fast", "fp32"), ("reference", "fp32")]
LOW_PATHS = [("torch.nn.LSTM", "bf16"), ("fast", "bf16")]


class Reference(OnLstm):
    """The layer with the plain loop in place of the fast one."""

    def forward(self, x: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, tuple[Tensor, ...], Tensor]:
        weights = self.weight_ih, self.bias_ih, self.weight_hh, self.bias_hh
        result = on_lstm_reference(x, *state, *weights)
        return result.out, (result.h, result.c), result.level_forget


def stack(path: str, case: Case, device: torch.device) -> Callable[[Tensor], Tensor]:
    """Three layers as a function of x (T, B, E)."""
    torch.manual_seed(1)
    if path == "torch.nn.LSTM":
        parts = nn.ModuleList(nn.LSTM(a, b) for a, b in pairwise(case.sizes)).to(device)

        def run_lstm(x: Tensor) -> Tensor:
            for part in parts:
                x = part(x)[0]
            return x

        return run_lstm
    kind: type[Layer] = Reference if path == "reference" else OnLstm
    config = ModelConfig(embedding=case.embedding, hidden=case.hidden, chunk=case.chunk, dropconnect=0.0)
    layers = [kind(a, b, config).to(device) for a, b in pairwise(case.sizes)]  # type: ignore[call-arg]

    def run(x: Tensor) -> Tensor:
        for layer in layers:
            x = layer(x, layer.initial_state(x.shape[1]))[0]
        return x

    return run


def step(path: str, case: Case, precision: str, backward: bool, device: torch.device) -> Callable[[], None]:
    run = stack(path, case, device)
    x = torch.randn(case.steps, case.batch, case.embedding, device=device, requires_grad=backward)
    gradient = torch.randn_like(x)

    def once() -> None:
        with products_in(precision, device), nullcontext() if backward else torch.inference_mode():
            out = run(x)
        if backward:
            out.backward(gradient.to(out.dtype))

    return once


def compare(
    case: Case, paths: list[tuple[str, str]], rounds: int, device: torch.device, peak: dict
) -> list[Row]:
    rows = []
    for backward in (False, True):
        runs = {(path, precision): step(path, case, precision, backward, device) for path, precision in paths}
        seconds = in_turn(runs, rounds)
        for (path, precision), value in seconds.items():
            rows.append(
                Row(
                    path,
                    "/".join(map(str, case.sizes)),
                    case.batch,
                    case.steps,
                    precision,
                    "forward+backward" if backward else "forward",
                    value,
                    value / seconds["torch.nn.LSTM", "fp32"],
                    value / seconds["torch.nn.LSTM", precision],
                    case.flops(backward) / value / peak[precision],
                )
            )
    return rows


def print_rows(rows: list[Row]) -> None:
    print(
        "| sizes, batch × steps | path | precision | phase | ms | tokens/s | ratio to LSTM fp32 "
        "| to LSTM in this precision | ceiling |"
    )
    print("|---" * 9 + "|")
    for r in rows:
        print(
            f"| {r.sizes}, {r.batch} × {r.steps} | {r.path} | {r.precision} | {r.phase} | "
            f"{1e3 * r.seconds:.1f} | {r.batch * r.steps / r.seconds:,.0f} | {r.ratio_to_lstm:.2f} | "
            f"{r.ratio_to_same:.2f} | {r.of_ceiling:.0%} |",
            flush=True,
        )
    print()


def print_growth(device: torch.device, rounds: int) -> None:
    """How the time of forward + backward grows with T, B and H: the exponent of a fitted power."""
    print("| fast path, growing | from … to | ms | exponent |\n|---|---|---|---|")
    for name, values in {"steps": (35, 70, 140), "batch": (16, 32, 64), "hidden": (256, 512, 1024)}.items():
        cases = {v: Case(**{**asdict(MIDDLE), name: v}) for v in values}
        precision = "bf16" if low_precision(device) else "fp32"
        runs = {v: step("fast", case, precision, True, device) for v, case in cases.items()}
        seconds = in_turn(runs, rounds)
        exponent = math.log(seconds[values[-1]] / seconds[values[0]]) / math.log(values[-1] / values[0])
        shown = ", ".join(f"{1e3 * s:.1f}" for s in seconds.values())
        print(f"| {name} | {', '.join(map(str, values))} | {shown} | {exponent:.2f} |", flush=True)
    print()


def low_precision(device: torch.device) -> bool:
    return device.type == "cuda" or torch.cpu._is_avx512_bf16_supported()


def print_memory() -> None:
    """Peak memory of one step above that of the process before it; a process each."""
    print("| peak memory of forward+backward | precision | MB | ratio to LSTM fp32 |\n|---|---|---|---|")
    lstm = math.nan
    for path, precision in [*PATHS, *LOW_PATHS]:
        command = [sys.executable, __file__, "--memory-of", path, "--precision", precision]
        found = float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        lstm = found if (path, precision) == ("torch.nn.LSTM", "fp32") else lstm
        print(f"| {path} | {precision} | {found:.0f} | {found / lstm:.2f} |", flush=True)
    print()


def memory_of(path: str, precision: str) -> None:
    device = torch.device("cpu")
    step(path, SMALL, precision, True, device)()  # libraries are loaded, code is compiled
    once = step(path, MIDDLE, precision, True, device)
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew (Linux)
    before = memory("VmRSS")
    once()
    print((memory("VmHWM") - before) / 1024)


def memory(kind: str) -> int:
    """In KiB, of this process."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(kind))


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--quick", action="store_true", help="the first two sizes only, in under a minute")
    options.add_argument("--json", type=Path, help="write the rows here")
    options.add_argument("--device", choices=["auto", "cpu", "cuda"], default="auto")
    options.add_argument("--keep-memory", action="store_true", help="keep freed memory, as `train` does")
    options.add_argument("--memory-of", help=argparse.SUPPRESS)
    options.add_argument("--precision", help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.memory_of:
        return memory_of(chosen.memory_of, chosen.precision)
    device = choose_device(chosen.device)
    rounds = 3 if chosen.quick else 7
    if chosen.keep_memory:
        keep_freed_memory()
    paths = [*PATHS, *LOW_PATHS] if low_precision(device) else PATHS
    peak = {precision: ceiling(precision, device) for _, precision in paths}
    print(f"{processor(device)}; torch {torch.__version__}, {torch.get_num_threads()} threads; ", end="")
    print("large products: " + ", ".join(f"{p} {v / 1e9:,.0f} GFLOP/s" for p, v in peak.items()) + "\n")
    rows: list[Row] = []
    for case in (LARGE, MIDDLE) if chosen.quick else (LARGE, MIDDLE, SMALL, ONE_SENTENCE):
        found = compare(case, paths, rounds, device, peak)
        rows += found
        print_rows(found)
    if not chosen.quick:
        print_growth(device, rounds)
        if device.type == "cpu" and Path("/proc/self/clear_refs").exists():
            print_memory()
    if chosen.json:
        with written_whole(chosen.json) as file:
            json.dump([asdict(row) for row in rows], file, indent=1)


def processor(device: torch.device) -> str:
    """The name of the processor or GPU."""
    if device.type == "cuda":
        return torch.cuda.get_device_name()
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{names[0] if names else 'processor unknown'}, {os.cpu_count()} cores"


if __name__ == "__main__":
    main()
