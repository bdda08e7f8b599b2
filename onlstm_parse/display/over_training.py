"""How trees, perplexity and levels change over a training: a table, and a plot that needs matplotlib."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from onlstm_parse.display.scores import figure
from onlstm_parse.display.tables import plain_table
from onlstm_parse.files import written_whole

REFERENCES = ("right", "balanced", "random")


def training_table(report: dict[str, Any]) -> str:
    """The table of what `evaluate --over-training --json` prints."""
    ways = list(report["snapshots"][-1]["scores"])
    rows = [["tokens", "perplexity", "spread of levels", *ways]]
    for one in report["snapshots"]:
        spread = one["level_spread"]
        f1s = [figure(one["scores"][way]["sentence_f1"]) for way in ways]
        rows.append(
            [
                f"{one['tokens']:,}",
                figure(one["valid_perplexity"]),
                "-" if spread is None else f"{spread:.4f}",
                *f1s,
            ]
        )
    references = ", ".join(f"{name} {figure(_mean(report, name))}" for name in REFERENCES)
    heading = f"sentence F1, {report['protocol']}, by layer and rule; {references}"
    signatures = [one["signature"] for one in report["snapshots"][-1]["scores"].values()]
    return "\n\n".join([heading, plain_table(rows), "\n".join(signatures)])


def plot_training(report: dict[str, Any], path: Path, system: str) -> None:
    """Draw F1, perplexity and the spread of levels over the tokens seen. Raises OnlstmError."""
    from matplotlib.figure import Figure

    snapshots = report["snapshots"]
    tokens = [one["tokens"] / 1e6 for one in snapshots]
    drawing = Figure(figsize=(12, 3.6), layout="constrained")
    trees, perplexities, spreads = drawing.subplots(1, 3)
    for way in snapshots[0]["scores"]:
        f1s = [one["scores"][way]["sentence_f1"] for one in snapshots]
        trees.plot(tokens, f1s, "--" if way.endswith("gap") else "-", marker=".", label=way)
    for name in REFERENCES:
        trees.axhline(_mean(report, name), color="#999999", linewidth=0.8, linestyle=":")
        trees.annotate(name, (tokens[-1], _mean(report, name)), fontsize=7, color="#777777")
    trees.legend(fontsize=7, frameon=False, title="layer/rule")
    trees.set(ylabel=f"sentence F1, {report['protocol']}", ylim=(0, None))
    perplexities.plot(tokens, [one["valid_perplexity"] for one in snapshots], marker=".")
    perplexities.set(ylabel="validation perplexity", yscale="log")
    if all(one["level_spread"] is not None for one in snapshots):
        spreads.plot(tokens, [one["level_spread"] for one in snapshots], marker=".")
    spreads.set(ylabel="standard deviation of levels", ylim=(0, None))
    for axes in (trees, perplexities, spreads):
        axes.set_xlabel("million tokens seen")
    drawing.suptitle(system, fontsize=10)
    with written_whole(path, "wb") as file:
        drawing.savefig(file, format=path.suffix[1:].lower(), dpi=150)


def _mean(report: dict[str, Any], name: str) -> float:
    f1 = report["baselines"][name]
    return f1["mean"] if isinstance(f1, dict) else f1
