"""The perplexities of a text, as plain text."""

from __future__ import annotations

from typing import Any

from onlstm_parse.display.tables import plain_table
from onlstm_parse.models.likelihoods import LIKELIHOODS

ROWS = {
    "carried_perplexity": "state carried over sentences",
    "sentence_perplexity": "each sentence by itself",
    "dynamic_perplexity": "weights follow the text, state carried",
}


def perplexity_table(report: dict[str, Any], system: str = "run") -> str:
    """The table of what `evaluate --json` prints for text; `system` names the run."""
    rows = [(what, f"{report[key]:.2f}") for key, what in ROWS.items() if key in report]
    parts = [
        f"{system}: {', '.join(report['text'])}, {report['sentences']:,} sentences, {report['tokens']:,} "
        f"predictions with the ends of sentences, {report['unknown_share']:.1%} of them unknown words",
        plain_table([("", LIKELIHOODS[report["objective"]].note), *rows]),
    ]
    if (bits := report["bits_per_character"]) is not None:
        parts.append(f"bits per character: {bits:.4f} ({report['characters']:,} characters)")
    return "\n\n".join(parts)
