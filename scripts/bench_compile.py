#!/usr/bin/env python3
"""Time the plain loop of the ON-LSTM through torch.compile, beside the fast path.

    OMP_NUM_THREADS=1 .venv/bin/python scripts/bench_compile.py --steps 2

torch.compile unrolls the loop: the first call takes longer with every step.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from dataclasses import replace

import torch
from bench_recurrence import MIDDLE, stack
from timing import in_turn
from torch import Tensor

from onlstm_parse.ops.precision import choose_device


def compare(steps: int, rounds: int, device: torch.device) -> None:
    """The plain loop through torch.compile, which unrolls it, beside the fast path; fp32."""
    case = replace(MIDDLE, steps=steps)
    runs = {name: stack(name, case, device) for name in ("fast", "reference")}
    runs["reference, compiled"] = torch.compile(stack("reference", case, device))
    x = torch.randn(case.steps, case.batch, case.embedding, device=device, requires_grad=True)

    def once(run: Callable[[Tensor], Tensor]) -> Callable[[], None]:
        return lambda: run(x).sum().backward()

    began = time.perf_counter(), sum(os.times()[:4])
    once(runs["reference, compiled"])()
    waited, worked = time.perf_counter() - began[0], sum(os.times()[:4]) - began[1]
    seconds = in_turn({name: once(run) for name, run in runs.items()}, rounds)
    print(f"| {case.batch} × {case.steps}, fp32, forward+backward | ms | times the fast path |")
    print("|---|---|---|")
    for name, value in seconds.items():
        print(f"| {name} | {1e3 * value:.1f} | {value / seconds['fast']:.1f} |")
    print(f"\nfirst call of the compiled loop: {waited:.0f} s, {worked:.0f} s of all processors together")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--steps", type=int, default=2)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--device", choices=["auto", "cpu", "cuda"], default="auto")
    chosen = options.parse_args()
    compare(chosen.steps, chosen.rounds, choose_device(chosen.device))


if __name__ == "__main__":
    main()
