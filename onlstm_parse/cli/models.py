"""`onlstm-parse models`: the models that `train --model` knows."""

from __future__ import annotations

from typing import Any

import tyro
from tyro.conf import FlagCreatePairsOff

from onlstm_parse.display.tables import plain_table
from onlstm_parse.models import CATALOGUE
from onlstm_parse.models.config import PARAMETERS, SIZES
from onlstm_parse.training.settings import defaults_for


def models(*, json: FlagCreatePairsOff[bool] = False) -> None:
    """List each model with its source, its parameters at each size, and what its levels are read from.

    Parameters are counted without those of words (embeddings and biases of the softmax), which depend on the
    text. A parallel model reads all steps of a layer at once. A grammar has no levels.

    Args:
        json: Print a JSON list instead of a table.
    """
    from json import dumps

    rows = [_row(name) for name in CATALOGUE]
    if json:
        print(dumps(rows, ensure_ascii=False, indent=2))
        return
    header = ["NAME", "SOURCE", *map(str.upper, SIZES), "PARALLEL", "LEVELS"]
    print(plain_table([header, *map(_cells, rows)], "left"))


def _row(name: str) -> dict[str, Any]:
    from onlstm_parse.models.sizes import encoder_parameters, matched

    entry = CATALOGUE[name]
    sizes = {size: matched(defaults_for(size, model=name).model) for size in SIZES}
    hidden = {size: config.hidden for size, config in sizes.items() if hasattr(config, "hidden")}
    return {
        "name": name,
        "kind": entry.kind,
        "source": entry.source,
        "parameters": {size: encoder_parameters(config) for size, config in sizes.items()},
        "hidden": hidden or None,
        "parallel": entry.parallel,
        "levels": entry.levels,
        "objective": entry.objective,
    }


def _cells(row: dict[str, Any]) -> list[str]:
    counts = [f"{count:,}" for count in row["parameters"].values()]
    return [row["name"], row["source"], *counts, "yes" if row["parallel"] else "no", row["levels"]]


def summary() -> list[str]:
    """The part of `train --help` about models. Needs no torch."""
    counts = ", ".join(f"{count} at {size}" for size, count in PARAMETERS.items())
    rows = [
        [f"{name}{'*' * entry.parallel}", entry.source, entry.levels] for name, entry in CATALOGUE.items()
    ]
    return [
        f"models; language models have about as many parameters as each other ({counts}), words apart;",
        "* reads all steps of a layer at once; behind the source what levels are read from:",
        plain_table(rows, "left"),
    ]


def main(arguments: list[str]) -> None:
    tyro.cli(models, prog="onlstm-parse models", args=arguments)
