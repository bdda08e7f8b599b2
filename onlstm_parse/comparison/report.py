"""results.md: what was compared, the tables, their signature, and notes."""

from __future__ import annotations

from onlstm_parse.comparison.plan import ALL_LAYERS, Plan
from onlstm_parse.comparison.rows import Figure, Row, gold_labels, layers
from onlstm_parse.display.tables import markdown_table
from onlstm_parse.induction import EXPECTATIONS, SPLITTERS
from onlstm_parse.models.likelihoods import LIKELIHOODS
from onlstm_parse.scoring import PROTOCOLS
from onlstm_parse.scoring.gold import Gold
from onlstm_parse.scoring.metrics import signature
from onlstm_parse.training.config import BUDGETS

# heading, key, decimals
COLUMNS = (
    ("parameters", "parameters", 0),
    ("tokens seen", "tokens", 0),
    ("minutes", "minutes", 1),
    ("tokens/s", "tokens_per_second", 0),
    ("peak memory, MB", "peak_mb", 0),
    ("validation perplexity", "valid_perplexity", 1),
    ("test perplexity", "test_perplexity", 1),
)


def markdown(plan: Plan, rows: list[Row], gold: Gold) -> str:
    models = [row for row in rows if not row.trivial]
    parts = [
        _heading(plan, gold),
        "## Language models\n\n" + _models_table(models),
        f"## Sentence F1, {plan.protocol}\n\n" + _trees_table("f1", rows, plan),
    ]
    if any(key.startswith("self_f1") for row in models for key in row.figures):
        text = "How far two seeds of a model give the same trees, mean ± sd over pairs of seeds.\n\n"
        parts.append(f"## Self-F1\n\n{text}{_trees_table('self_f1', models, plan)}")
    parts += [_recall_tables(rows, plan, gold), "    " + _signature(plan, gold)]
    parts += [
        f"{likelihood.mark} A {likelihood.note}."
        for objective, likelihood in LIKELIHOODS.items()
        if likelihood.mark and any(row.objective == objective for row in models)
    ]
    failed = [f"- {row.name}, seed {s}: {reason}" for row in models for s, reason in row.failures.items()]
    if failed:
        parts.append("## Failed runs\n\n" + "\n".join(failed))
    return "\n\n".join(parts) + "\n"


def _heading(plan: Plan, gold: Gold) -> str:
    training = plan.settings.training
    unit, amount = next((name, getattr(training, name)) for name in BUDGETS if getattr(training, name))
    budget = f"{amount:,} {unit if amount != 1 else unit[:-1]}"
    seeds = ", ".join(map(str, plan.seeds))
    return (
        f"# {len(plan.models)} language models and their trees\n\n"
        f"Trained on {' '.join(plan.text)} for {budget} each, seeds {seeds}; scored on "
        f"{len(gold.sentences):,} sentences of {plan.treebank}. Figures are mean ± standard deviation over "
        "seeds; weights were chosen by validation perplexity alone, never by gold trees. Trivial parsers "
        "see nothing but the number of words; a random one's figures are over draws."
    )


def _models_table(models: list[Row]) -> str:
    columns = [column for column in COLUMNS if any(column[1] in row.figures for row in models)]
    lines = []
    for row in models:
        cells = [_cell(row.figures.get(key), decimals) for _, key, decimals in columns]
        if row.mark:
            cells = [
                cell + row.mark * (key.endswith("perplexity") and key in row.figures)
                for cell, (_, key, _) in zip(cells, columns, strict=True)
            ]
        failed = f", {len(row.failures)} failed" if row.failures else ""
        lines.append([row.name, f"{row.runs}{failed}", *cells])
    table = markdown_table(["model", "runs", *(heading for heading, _, _ in columns)], lines)
    if all(key != "test_perplexity" for _, key, _ in columns):
        table += "\n\nThere was no test text: the perplexity is that of the validation text."
    return table


def _trees_table(kind: str, rows: list[Row], plan: Plan) -> str:
    columns = [column.split("/") for column in plan.columns()]
    layer_names = {ALL_LAYERS: "all layers"}
    header = ["system", *(f"{layer_names.get(layer, f'layer {layer}')}, {rule}" for layer, rule in columns)]
    cells = [[row.figures.get(f"{kind} {layer} {rule}") for layer, rule in columns] for row in rows]
    lines = [[row.name, *map(_cell, line)] for row, line in zip(rows, cells, strict=True)]
    return markdown_table(header, lines)


def _recall_tables(rows: list[Row], plan: Plan, gold: Gold) -> str:
    labels = gold_labels(gold, plan)
    header = ["system", *(f"{label or '(none)'} ({count:,})" for label, count in labels.items())]
    parts = [f"## Recall by label, layer {plan.settings.model.tree_layer} (gold brackets)"]
    for rule in SPLITTERS:
        lines = [
            [row.name, *(_cell(row.figures.get(f"recall {rule} {label}"), 1) for label in labels)]
            for row in rows
            if any(key.startswith(f"recall {rule} ") for key in row.figures)
        ]
        parts.append(f"By the {rule} rule:\n\n{markdown_table(header, lines)}")
    return "\n\n".join(parts)


def _signature(plan: Plan, gold: Gold) -> str:
    """One signature for all columns. The signature of each score is in its record."""
    least = PROTOCOLS[plan.protocol].min_words
    several = {
        "rule": "+".join([*SPLITTERS, *EXPECTATIONS]),
        "layer": "+".join([*map(str, layers(plan)), ALL_LAYERS]),
        "levels": "mean",
        "seeds": "+".join(map(str, plan.seeds)),
    }
    scored = sum(len(sentence.words) >= least for sentence in gold.sentences)
    short = len(gold.sentences) - scored
    left_out = {"skipped": gold.skipped, "long": gold.long, "short": short}
    return signature(gold, plan.protocol, scored, left_out, {**several, "trees": "each"})


def _cell(figure: Figure | None, decimals: int = 2) -> str:
    if figure is None:
        return "-"
    mean = f"{figure.mean:,.{decimals}f}"
    return mean if figure.sd is None or figure.sd == 0 else f"{mean} ± {figure.sd:,.{decimals}f}"
