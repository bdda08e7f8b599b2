#!/usr/bin/env python3
"""Time the inside algorithm of a simple PCFG, forward and backward, beside its plain form, in one run.

    .venv/bin/python scripts/bench_inside.py [--quick] [--text ptb-lm] [--json FILE]

Batches of 32 sentences have the lengths of a text, up to 40 words. A row's seconds are the median of several
rounds; in each round all forms take their turn, so that a noisy machine disturbs all alike. With one thread
they are processor time. `of ceiling` is
the share of the speed that large matrix products reach here.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import torch
from timing import CPU, ceiling, in_turn

from onlstm_parse import corpora
from onlstm_parse.display.tables import markdown_table
from onlstm_parse.files import written_whole
from onlstm_parse.ops.inside import Rules, inside, inside_reference
from onlstm_parse.ops.memory import keep_freed_memory
from onlstm_parse.ops.precision import choose_precision, products_in

SYMBOLS = [(256, 512), (512, 1024), (1024, 2048)]
QUICK_SYMBOLS = [(64, 128)]
BATCH, LONGEST = 32, 40


@dataclass(frozen=True)
class Row:
    path: str
    nonterminals: int
    preterminals: int
    batch: int
    words: int
    precision: str
    seconds: float
    sentences_per_second: float
    ratio_to_plain: float
    of_ceiling: float


def lengths_of(text: str) -> list[int]:
    """The lengths of the sentences of a text that have 2 to LONGEST words."""
    counts = [len(line.split()) for path in corpora.locate_text(text) for line in path.open(encoding="utf-8")]
    return [count for count in counts if 1 < count <= LONGEST]


def flops(nonterminals: int, preterminals: int, lengths: list[int]) -> float:
    """Of the matrix products, forward and backward."""
    brackets = sum(n * (n - 1) // 2 for n in lengths)
    return 12.0 * nonterminals * (brackets * nonterminals + sum(lengths) * preterminals)


def step(
    form: Callable[..., torch.Tensor], symbols: tuple[int, int], lengths: list[int]
) -> Callable[[], None]:
    nonterminals, preterminals = symbols
    torch.manual_seed(1)
    shapes = [(nonterminals, sum(symbols))] * 2 + [(sum(symbols),)]
    rules = Rules(*(torch.randn(shape).softmax(-1).requires_grad_() for shape in shapes))
    emissions = (torch.randn(sum(lengths), preterminals) - 9).requires_grad_()

    def run() -> None:
        torch.autograd.grad(form(rules, emissions, lengths).sum(), (*rules, emissions))

    return run


def in_precision(precision: str, run: Callable[[], None]) -> None:
    with products_in(precision, CPU):
        run()


def rows_of(symbols: tuple[int, int], lengths: list[int], rounds: int) -> list[Row]:
    forms = {("plain", "fp32"): inside_reference, ("fast", "fp32"): inside}
    if choose_precision("auto", CPU) == "bf16":
        forms["fast", "bf16"] = inside
    steps = {key: step(form, symbols, lengths) for key, form in forms.items()}
    medians = in_turn({key: partial(in_precision, key[1], run) for key, run in steps.items()}, rounds)
    most = {precision: ceiling(precision) for _, precision in forms}
    return [
        Row(
            path,
            *symbols,
            len(lengths),
            sum(lengths),
            precision,
            value,
            len(lengths) / value,
            value / medians["plain", "fp32"],
            flops(*symbols, lengths) / value / most[precision],
        )
        for (path, precision), value in medians.items()
    ]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--quick", action="store_true", help="few symbols and one round")
    options.add_argument("--text", default="ptb-lm", help="a text or corpus whose sentences have the lengths")
    options.add_argument("--json", type=Path)
    chosen = options.parse_args()
    keep_freed_memory()
    batch = random.Random(1).sample(lengths_of(chosen.text), BATCH)
    sizes, rounds = (QUICK_SYMBOLS, 1) if chosen.quick else (SYMBOLS, 3)
    rows = [row for symbols in sizes for row in rows_of(symbols, batch, rounds)]
    header = ["form", "symbols", "precision", "seconds", "sentences/s", "of plain", "of ceiling"]
    cells = [
        [
            row.path,
            f"{row.nonterminals}/{row.preterminals}",
            row.precision,
            f"{row.seconds:.3f}",
            f"{row.sentences_per_second:.1f}",
            f"{row.ratio_to_plain:.2f}",
            f"{row.of_ceiling:.2f}",
        ]
        for row in rows
    ]
    print(f"{torch.get_num_threads()} threads, torch {torch.__version__}, {sum(batch)} words\n")
    print(markdown_table(header, cells))
    if chosen.json:
        with written_whole(chosen.json) as file:
            json.dump(
                {"threads": torch.get_num_threads(), "rows": [asdict(row) for row in rows]}, file, indent=1
            )


if __name__ == "__main__":
    main()
