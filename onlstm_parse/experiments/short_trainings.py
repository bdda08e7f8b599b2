"""What a slow processor, or a small budget, changes in `induce`: smaller members, and fewer parsed sentences.

A short training has few updates. Fewer units and symbols, smaller batches and light regularisers then give a
lower validation perplexity in the same time (docs/results.md, "Members with little time").
"""

from __future__ import annotations

import time
from typing import Any

import torch

from onlstm_parse.models import CATALOGUE, GRAMMAR, LANGUAGE_MODEL
from onlstm_parse.ops.precision import choose_device, choose_precision

# Tokens that a model of the usual size reads in a time in which one with the settings below was better.
FEW_TOKENS = {LANGUAGE_MODEL: 2_200_000, GRAMMAR: 1_400_000}
SUITS_FEW_TOKENS: dict[str, dict[str, Any]] = {
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
# Then grammars that learn from their votes have little time, too: so many nats a vote suit these.
VERY_FEW_TOKENS = 250_000
STRENGTH_OF_THEIR_VOTES = 5.0
# What a token takes in the training of a `small` on-gru or simple-pcfg, in floating-point operations at the
# speed of a large product: measured on two kinds of processors, in fp32 and in bf16.
OPERATIONS_A_TOKEN = 66e6
# Floating-point operations a second of a large product in fp32 on one core, where parsing had its usual pace.
USUAL_SPEED = 110e9


def expected_tokens(minutes: float) -> int | None:
    """How many tokens a `small` member reads in so many minutes of one core, by the speed of a product.

    None on a GPU.
    """
    if choose_device().type != "cpu":
        return None
    return int(60 * minutes * speed_of_products() / OPERATIONS_A_TOKEN)


def parsing_pace() -> float:
    """How much of the usual pace averages have when they parse here: 1 on a fast processor or a GPU."""
    if choose_device().type != "cpu":
        return 1.0
    return min(speed_of_products("fp32") / USUAL_SPEED, 1.0)


def speed_of_products(precision: str = "auto") -> float:
    """Floating-point operations a second of a large product on one core; `auto`: as training does it."""
    precision = choose_precision(precision, torch.device("cpu"))
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


def options_for(model: str, tokens: int | None) -> list[str]:
    """What suits a member that would read so many tokens at the usual size, as options of `train`."""
    entry = CATALOGUE[model]
    # Grammars with sizes of their own have few symbols already.
    if tokens is None or entry.sizes or tokens >= FEW_TOKENS[entry.kind]:
        return []
    return [f"--{name.replace('_', '-')}={value}" for name, value in SUITS_FEW_TOKENS[entry.kind].items()]


def vote_options_for(tokens: int | None) -> list[str]:
    """What suits grammars that learn from the votes of such members, as options of `distil`.

    Each vote has to count for more where the grammars learn for a short time: else their trees drift away.
    """
    few = tokens is not None and tokens < VERY_FEW_TOKENS
    return [f"--vote-strength={STRENGTH_OF_THEIR_VOTES}"] if few else []
