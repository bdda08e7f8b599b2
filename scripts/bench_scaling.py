#!/usr/bin/env python3
"""Training on more cores: tokens a second of one process, of threads, and of processes under torchrun.

    .venv/bin/python scripts/bench_scaling.py
    .venv/bin/python scripts/bench_scaling.py --text ptb-lm --models on-lstm,simple-pcfg --rounds 3 --json

The ways take turns, `--rounds` times, each training for `--seconds`. Printed are medians and the ratio to one
process with one thread. Run it on an idle machine: the ways use up to `--cores` cores.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import NamedTuple

from onlstm_parse.comparison.worker import training_speed
from onlstm_parse.display.tables import markdown_table
from onlstm_parse.runs import METRICS


class Way(NamedTuple):
    processes: int
    threads: int

    def __str__(self) -> str:
        return f"{self.processes} × {self.threads}"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--text", default="ptb-lm")
    options.add_argument("--models", default="on-lstm")
    options.add_argument("--size", default="small")
    options.add_argument("--seconds", type=float, default=40.0, help="of training, a model, way and round")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--cores", type=int, default=os.cpu_count())
    options.add_argument("--json", action="store_true")
    chosen = options.parse_args()
    ways = [Way(1, 1), Way(1, chosen.cores), Way(chosen.cores, 1)]
    rows = [row for model in chosen.models.split(",") for row in measured(model, ways, chosen)]
    if chosen.json:
        print(json.dumps(rows))
    else:
        headings = ["model", "processes × threads", "tokens/s", "ratio"]
        print(markdown_table(headings, [list(map(str, row.values())) for row in rows]))


def measured(model: str, ways: list[Way], chosen: argparse.Namespace) -> list[dict[str, object]]:
    rounds = [{way: speed(model, way, chosen) for way in ways} for _ in range(chosen.rounds)]
    return [
        {
            "model": model,
            "way": str(way),
            "tokens_per_second": round(median(one[way] for one in rounds)),
            "ratio": round(median(one[way] / one[ways[0]] for one in rounds), 2),
        }
        for way in ways
    ]


def speed(model: str, way: Way, chosen: argparse.Namespace) -> float:
    """Tokens a second of training alone, after the first report."""
    start = [sys.executable, "-m"]
    if way.processes > 1:
        start += ["torch.distributed.run", "--standalone", "--nproc-per-node", str(way.processes), "-m"]
    with tempfile.TemporaryDirectory() as folder:
        command = [*start, "onlstm_parse", "train", chosen.text, "--out", folder, "--quiet", "--model", model]
        command += ["--size", chosen.size, "--minutes", str(chosen.seconds / 60)]
        environment = {**os.environ, "OMP_NUM_THREADS": str(way.threads)}
        subprocess.run(command, check=True, env=environment)
        return training_speed(list(map(json.loads, (Path(folder) / METRICS).read_text().splitlines())))


if __name__ == "__main__":
    main()
