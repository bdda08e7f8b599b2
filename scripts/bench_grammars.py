#!/usr/bin/env python3
"""Time updates of grammars at size small: predictions a second of processor time, in one thread.

    .venv/bin/python scripts/bench_grammars.py [--models neural-pcfg,compound-pcfg] [--batch 16] [--rounds 3]

Processor time does not count what other processes take of a busy machine. Sentences are of random words, 5 to
37 of 10,000. In each round all models take their turn; the median of the rounds is printed.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from statistics import median

import torch

from onlstm_parse.models.grammar import Grammar
from onlstm_parse.ops.memory import keep_freed_memory
from onlstm_parse.ops.precision import choose_precision, products_in
from onlstm_parse.training.optimisers import make_optimiser
from onlstm_parse.training.settings import defaults_for

VOCABULARY = 10_000
CPU = torch.device("cpu")


def update_of(model: str) -> Callable[[torch.Tensor, list[int]], None]:
    """One update on words (T,) of sentences."""
    torch.manual_seed(1)
    settings = defaults_for("small", model=model)
    network = Grammar(settings.model, VOCABULARY).train()
    optimiser, precision = (
        make_optimiser(network.parameter_groups(), settings.training),
        choose_precision("auto", CPU),
    )

    def update(words: torch.Tensor, lengths: list[int]) -> None:
        with products_in(precision, CPU):
            loss = -network(words, lengths).sum() / (len(words) + len(lengths))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step(settings.training.learning_rate)

    return update


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--models", default="neural-pcfg,compound-pcfg")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    keep_freed_memory()
    updates = {model: update_of(model) for model in asked.models.split(",")}
    speeds: dict[str, list[float]] = {model: [] for model in updates}
    generator = torch.Generator().manual_seed(1)
    for number in range(asked.rounds + 1):
        lengths = torch.randint(5, 38, (asked.batch,), generator=generator).tolist()
        words = torch.randint(1, VOCABULARY, (sum(lengths),), generator=generator)
        for model, update in updates.items():
            began = time.process_time()
            update(words, lengths)
            if number:  # the first round warms up
                speeds[model].append((len(words) + len(lengths)) / (time.process_time() - began))
    for model, found in speeds.items():
        print(f"{model}, {asked.batch} sentences: {median(found):.0f} tokens a second of processor time")


if __name__ == "__main__":
    main()
