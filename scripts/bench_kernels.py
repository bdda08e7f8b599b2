#!/usr/bin/env python3
"""Time the loss over a vocabulary, and the recurrences without a product, beside PyTorch's own.

    .venv/bin/python scripts/bench_kernels.py

Forward and backward; the paths of a table take their turn in every round, and medians are printed.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import torch
from bench_recurrence import low_precision, processor
from timing import in_turn
from torch import Tensor, nn

from onlstm_parse.models import MODELS
from onlstm_parse.models.config import ModelConfig
from onlstm_parse.ops.linear_scan import forget_mult, linear_scan
from onlstm_parse.ops.precision import choose_device, products_in
from onlstm_parse.ops.tied_cross_entropy import tied_cross_entropy


def print_head(rounds: int, device: torch.device) -> None:
    """The loss over 10,000 words, forward + backward."""
    tokens, words, units = 4480, 10_000, 256
    hidden = torch.randn(tokens, units, device=device, requires_grad=True)
    weight = torch.randn(words, units, device=device).mul_(0.1).requires_grad_()
    bias = torch.zeros(words, device=device, requires_grad=True)
    targets = torch.randint(0, words, (tokens,), device=device)

    def plain() -> Tensor:
        return nn.functional.cross_entropy(nn.functional.linear(hidden, weight, bias), targets)

    def chunked() -> Tensor:
        return tied_cross_entropy(hidden, weight, bias, targets)

    def timed(loss: Callable[[], Tensor], precision: str) -> Callable[[], None]:
        def once() -> None:
            with products_in(precision, device):
                value = loss()
            value.backward()

        return once

    precisions = ["fp32", "bf16"] if low_precision(device) else ["fp32"]
    kinds = {"linear + cross_entropy": plain, "chunked": chunked}
    runs = {(name, p): timed(loss, p) for p in precisions for name, loss in kinds.items()}
    seconds = in_turn(runs, rounds)
    print(f"| loss of {tokens:,} × {words:,} × {units}, forward+backward | precision | ms | times faster |")
    print("|---|---|---|---|")
    for (name, p), value in seconds.items():
        times = seconds["linear + cross_entropy", p] / value
        print(f"| {name} | {p} | {1e3 * value:.1f} | {times:.2f} |", flush=True)
    print()


def print_scan(rounds: int, device: torch.device) -> None:
    """Recurrences without a product, and the layers around them, beside an LSTM; forward + backward."""
    steps, batch, units = 70, 64, 512
    x, write = (torch.randn(steps, batch, units, device=device, requires_grad=True) for _ in range(2))
    keep = torch.rand(steps, batch, units, device=device, requires_grad=True)
    c = torch.zeros(batch, units, device=device)
    gradient = torch.randn_like(x)
    config = ModelConfig()

    def layer(name: str) -> Callable[[], Tensor]:
        made = MODELS[name](units, units, config).to(device)
        return lambda: made(x, (c,))[0]

    def timed(outputs: Callable[[], Tensor]) -> Callable[[], None]:
        def once() -> None:
            outputs().backward(gradient)

        return once

    lstm = nn.LSTM(units, units).to(device)
    kinds = {
        "torch.nn.LSTM": lambda: lstm(x)[0],
        "recurrence of sru": lambda: forget_mult(keep, x, c),
        "recurrence of on-sru": lambda: linear_scan(keep, write, c),
        "layer of sru": layer("sru"),
        "layer of on-sru": layer("on-sru"),
    }
    seconds = in_turn({name: timed(outputs) for name, outputs in kinds.items()}, rounds)
    print(f"| {units} units, {batch} × {steps}, fp32, forward+backward | ms | times faster |\n|---|---|---|")
    for name, value in seconds.items():
        print(f"| {name} | {1e3 * value:.1f} | {seconds['torch.nn.LSTM'] / value:.1f} |")
    print()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--rounds", type=int, default=7)
    options.add_argument("--device", choices=["auto", "cpu", "cuda"], default="auto")
    chosen = options.parse_args()
    device = choose_device(chosen.device)
    print(f"{processor(device)}; torch {torch.__version__}, {torch.get_num_threads()} threads\n")
    print_head(chosen.rounds, device)
    print_scan(chosen.rounds, device)


if __name__ == "__main__":
    main()
