"""A score, beside those of trivial parsers, as plain text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from onlstm_parse.display.tables import plain_table
from onlstm_parse.models.likelihoods import LIKELIHOODS

LABELS = 12  # the most frequent are shown; JSON has all
WHY = {
    "skipped": "without words",
    "filtered": "dropped by filters",
    "long": "too long",
    "short": "too short",
    "bare": "without gold brackets",
}


def score_table(report: dict[str, Any], system: str = "predicted") -> str:
    """The table of what `score --json` and `evaluate --json` print; `system` names the first row."""
    if not report["sentences"]:
        return "\n".join(
            [f"{report['protocol']}: nothing to score", *_left_out(report), "", report["signature"]]
        )
    signatures = report.get("signature_by_rule", {"": report["signature"]}).values()
    labelled = [report["labelled"]] if "labelled" in report else []
    parts = [
        f"{report['protocol']}, {report['sentences']:,} sentences",
        plain_table(_systems(report, system)),
        "\n".join(_remarks(report)),
        plain_table(_groups(report["by_length"], "words", "sentences", "sentence_f1")),
        plain_table(_groups(report["by_width"], "bracket width", "gold", "f1")),
        plain_table(_depths(report["by_depth"])),
        plain_table(_labels(report["by_label"])),
        plain_table(_shapes(report["shape"])),
        *([plain_table(_confidences(report["by_confidence"]))] if "by_confidence" in report else []),
        *(plain_table(_labelled(one)) for one in labelled),
        "\n".join([*signatures, *(one["signature"] for one in labelled)]),
    ]
    return "\n\n".join(parts)


def comparison_table(report: dict[str, Any], systems: Sequence[str]) -> str:
    """The table of `score --compare`."""
    rows: list[Sequence[str]] = [
        ("", *systems, "difference", "95 % interval", "p bootstrap", "p permutation")
    ]
    for name in ("sentence_f1", "corpus_f1"):
        found = report[name]
        low, high = found["confidence_95"]
        figures = [figure(system[name]) for system in report["systems"]]
        interval = f"{low:+.2f} to {high:+.2f}"
        chances = (f"{found[p]:.4f}" for p in ("p_bootstrap", "p_permutation"))
        rows.append((_words(name), *figures, f"{found['difference']:+.2f}", interval, *chances))
    head = f"{report['protocol']}, {report['sentences']:,} sentences"
    return "\n".join([head, "", plain_table(rows), "", *(one["signature"] for one in report["systems"])])


def between_table(report: dict[str, Any], runs: Sequence[str]) -> str:
    """The table of `score --between`."""
    rows: list[Sequence[str]] = [("", "mean", "sd", "min", "max")]
    for name in ("sentence_f1", "corpus_f1"):
        rows.append((_words(name), *map(figure, report[name].values())))
    pairs: list[Sequence[str]] = [("runs", "sentence F1", "corpus F1")]
    for pair in report["pairs"]:
        names = " and ".join(runs[run] for run in pair["runs"])
        pairs.append((names, figure(pair["sentence_f1"]), figure(pair["corpus_f1"])))
    head = f"{report['protocol']}, self-F1 of {report['runs']} runs"
    signatures = [pair["signature"] for pair in report["pairs"]]
    return "\n".join([head, "", plain_table(rows), "", plain_table(pairs), "", *signatures])


def baseline_rows(report: dict[str, Any]) -> Iterable[tuple[str, list[float | None]]]:
    """Each trivial parser with its sentence F1, the sd of it, and its corpus F1."""
    corpus = report.get("baselines_corpus_f1", {})
    for name, value in report.get("baselines", {}).items():
        mean, sd = (value["mean"], value["sd"]) if isinstance(value, dict) else (value, None)
        of_corpus = corpus.get(name)
        yield name, [mean, sd, of_corpus["mean"] if isinstance(of_corpus, dict) else of_corpus]


def figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _systems(report: dict[str, Any], system: str) -> list[Sequence[str]]:
    rows: list[Sequence[str]] = [("", "sentence F1", "sd", "corpus F1", "precision", "recall")]
    rates = (figure(report[f"sentence_{key}"]) for key in ("precision", "recall"))
    rows.append((system, figure(report["sentence_f1"]), "", figure(report["corpus_f1"]), *rates))
    for name, (mean, sd, corpus) in baseline_rows(report):
        rows.append((name, figure(mean), "" if sd is None else figure(sd), figure(corpus)))
    return rows


def _remarks(report: dict[str, Any]) -> list[str]:
    remarks = []
    if report["confidence_95"]:
        low, high = report["confidence_95"]
        remarks.append(f"95 % interval of the sentence F1: {low:.2f} to {high:.2f}")
    remarks.append(f"sentences with exactly the gold brackets: {report['complete_match']:.2f} %")
    if (crossing := report["average_crossing"]) is not None:
        shares = (
            f"{report[key]:.2f} % with {of}"
            for key, of in (("no_crossing", "none"), ("two_or_less_crossing", "two or fewer"))
        )
        remarks.append(f"crossing brackets a sentence: {crossing:.2f}; sentences: {', '.join(shares)}")
    remarks += _left_out(report)
    if report["raised"]:
        remarks.append(f"gold constituents that lost parts where branches cross: {report['raised']:,}")
    if len(rules := report.get("by_rule") or {}) > 1:  # by one alone the table has it
        figures = ", ".join(f"{figure(f1)} by the {rule} rule" for rule, f1 in rules.items())
        remarks.append(f"sentence F1 of these levels: {figures}")
    if (perplexity := report.get("perplexity")) is not None:
        remarks.append(f"{LIKELIHOODS[report['objective']].note}: {perplexity:.2f}")
    return remarks


def _left_out(report: dict[str, Any]) -> list[str]:
    numbers = [f"{n:,} {WHY[reason]}" for reason, n in report["left_out"].items() if n]
    return [f"sentences left out: {', '.join(numbers)}"] if numbers else []


def _groups(groups: dict[str, dict[str, Any]], by: str, count: str, f1: str) -> list[Sequence[str]]:
    return [
        (by, *groups),
        (_words(count), *(f"{group[count]:,}" for group in groups.values())),
        (_words(f1), *(figure(group[f1]) for group in groups.values())),
    ]


def _depths(depths: dict[str, dict[str, Any]]) -> list[Sequence[str]]:
    return [
        ("bracket depth", *depths),
        ("gold", *(f"{row['count']:,}" for row in depths.values())),
        ("recall", *(figure(row["recall"]) for row in depths.values())),
    ]


def _labels(labels: dict[str, dict[str, Any]]) -> list[Sequence[str]]:
    rows = [(label or "(none)", figure(row["recall"]), f"{row['count']:,}") for label, row in labels.items()]
    return [("label", "recall", "brackets"), *rows[:LABELS]]


def _shapes(shapes: dict[str, dict[str, Any]]) -> list[Sequence[str]]:
    rows = [(name, *map(figure, shape.values())) for name, shape in shapes.items()]
    return [("trees", "mean depth", "left children %", "right children %"), *rows]


def _confidences(rows: dict[str, dict[str, float]]) -> list[Sequence[str]]:
    keys = [*next(iter(rows.values()))]
    return [
        ("confidence of brackets", *rows),
        *((_words(key), *(figure(row[key]) for row in rows.values())) for key in keys),
    ]


def _labelled(summary: dict[str, Any]) -> list[Sequence[str]]:
    groups = [name for name in summary if name != "signature"]
    rows = [(_words(key), *(_exact(summary[group][key]) for group in groups)) for key in summary["all"]]
    return [("EVALB, labelled", *groups), *rows]


def _exact(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else figure(value)


def _words(key: str) -> str:
    return key.replace("_", " ").replace("f1", "F1")
