"""Members of `induce` that have little time: how often they would read their text, and what suits them.

A training that reads a text about once has few updates. Fewer units and symbols, smaller batches and light
regularisers then give a lower validation perplexity (docs/results.md, "Members with few passes").
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import torch

from onlstm_parse.models import CATALOGUE, GRAMMAR, LANGUAGE_MODEL
from onlstm_parse.ops.precision import choose_device, choose_precision
from onlstm_parse.training.settings import change, complete, defaults_for
from onlstm_parse.training.start import prepared

SUITS_FEW: dict[str, dict[str, Any]] = {
    LANGUAGE_MODEL: {
        "embedding": 128,
        "hidden": 256,
        "chunk": 8,
        "batch_size": 16,
        "dropout_embedding": 0.0,
        "dropout_input": 0.1,
        "dropout_between": 0.1,
        "dropout_output": 0.1,
        "dropconnect": 0.1,
        "activation_penalty": 0.0,
        "temporal_penalty": 0.0,
    },
    GRAMMAR: {"nonterminals": 128, "preterminals": 256},
}
# What a token takes in the training of a `small` on-gru or simple-pcfg, in floating-point operations at the
# speed of a large product: measured on two kinds of processors, in fp32 and in bf16.
OPERATIONS_A_TOKEN = 66e6


def expected_passes(
    texts: Sequence[str], valid: str | None, text_settings: dict[str, Any], minutes: float
) -> float | None:
    """How often a `small` member reads the texts in so many minutes of one core, by the speed of a product.

    None on a GPU. The texts are read, as every training does first. Raises OnlstmError.
    """
    device = choose_device("auto")
    if device.type != "cpu":
        return None
    settings = complete(change(defaults_for(), **text_settings), texts, match_width=False)
    tokens = len(prepared(texts, valid, settings).train)
    return 60 * minutes * speed_of_products() / OPERATIONS_A_TOKEN / tokens


def speed_of_products() -> float:
    """Floating-point operations a second of a large product on one core, in the precision of training."""
    precision = choose_precision("auto", torch.device("cpu"))
    factor = torch.ones(1024, 1024, dtype=torch.bfloat16 if precision == "bf16" else torch.float32)
    threads, seconds = torch.get_num_threads(), []
    torch.set_num_threads(1)
    try:
        for _ in range(6):
            began = time.perf_counter()
            factor @ factor
            seconds.append(time.perf_counter() - began)
    finally:
        torch.set_num_threads(threads)
    return 2 * 1024**3 / min(seconds)


def options_for(model: str) -> list[str]:
    """What suits a member that reads its text about once, as options of `train`."""
    suits = SUITS_FEW[CATALOGUE[model].kind]
    return [f"--{name.replace('_', '-')}={value}" for name, value in suits.items()]
