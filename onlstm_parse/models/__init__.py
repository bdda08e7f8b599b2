"""Models, one a file: layers of a language model, in the stack of `base.LanguageModel`, and grammars."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from onlstm_parse.registry import Table

LANGUAGE_MODEL, GRAMMAR = "language-model", "grammar"
AVERAGE, SPAN_PARSER = "average", "span-parser"


@dataclass(frozen=True)
class Kind:
    """A kind of run: what it stores, parses with and trains by, each as "module:object".

    A kind that is not trained has no network, objective and sizes.
    """

    config: str
    """The frozen dataclass of its settings."""
    parser: str
    """Built as `parser(run, **settings)`."""
    network: str = ""
    """Built as `network(config, vocabulary_size)`."""
    objective: str = ""
    """Built as `objective(network, text, training)`."""
    sizes: str = ""
    """Its settings by size."""


KINDS = {
    LANGUAGE_MODEL: Kind(
        "onlstm_parse.models.config:ModelConfig",
        "onlstm_parse.parsers.levels:LevelParser",
        "onlstm_parse.models.base:LanguageModel",
        "onlstm_parse.training.streams:StreamObjective",
        "onlstm_parse.models.config:SIZES",
    ),
    GRAMMAR: Kind(
        "onlstm_parse.models.grammar_config:GrammarConfig",
        "onlstm_parse.parsers.grammar:GrammarParser",
        "onlstm_parse.models.grammar:Grammar",
        "onlstm_parse.training.sentences:SentenceObjective",
        "onlstm_parse.models.grammar_config:GRAMMAR_SIZES",
    ),
    SPAN_PARSER: Kind(
        "onlstm_parse.models.span_parser_config:SpanParserConfig",
        "onlstm_parse.parsers.spans:SpanScoreParser",
        "onlstm_parse.models.span_parser:SpanParser",
        "onlstm_parse.training.trees:TreeObjective",
        "onlstm_parse.models.span_parser_config:SPAN_PARSER_SIZES",
    ),
    AVERAGE: Kind("onlstm_parse.parsers.average:AverageConfig", "onlstm_parse.parsers.average:AverageParser"),
}


@dataclass(frozen=True)
class Entry:
    """A model as tables and `--help` show it; known without torch."""

    module: str
    """module:class in this package: of a layer, or of a grammar."""
    source: str
    levels: str
    """What the levels are read from."""
    parallel: bool = False
    """Whether a layer reads all steps at once."""
    ordered: bool = False
    """Whether units are ordered in chunks, which must divide all widths."""
    lr_scale: float = 1.0
    """The factor on the learning rate of its layers; see `scripts/compare_learning_rates`."""
    objective: Literal["causal", "masked"] = "causal"
    """It predicts the next word, or masked words from both sides."""
    kind: str = LANGUAGE_MODEL
    """The kind of run that it makes, see `KINDS`."""


CATALOGUE = {
    "rnn": Entry("rnn:Rnn", "Elman 1990", "change of the state", lr_scale=0.1),
    "lstm": Entry("lstm:Lstm", "Hochreiter and Schmidhuber 1997", "forget gate"),
    "lstm-peephole": Entry("lstm_peephole:PeepholeLstm", "Graves 2013", "forget gate"),
    "gru": Entry("gru:Gru", "Cho et al. 2014", "update gate", lr_scale=0.5),
    "sru": Entry("sru:Sru", "Lei et al. 2018", "forget gate", parallel=True),
    "qrnn": Entry("qrnn:Qrnn", "Bradbury et al. 2017", "forget gate", parallel=True),
    "glu-cnn": Entry("glu_cnn:GluCnn", "Dauphin et al. 2017", "gate of the linear unit", parallel=True),
    "tcn": Entry("tcn:Tcn", "Bai et al. 2018", "change of the output", parallel=True),
    "attention": Entry(
        "attention:Attention",
        "Vaswani et al. 2017",
        "overlap of neighbours' attention",
        parallel=True,
        lr_scale=0.25,
    ),
    "hierarchical-attention": Entry(
        "hierarchical_attention:HierarchicalAttention",
        "this toolkit, after Yang et al. 2016",
        "overlap of neighbours' attention",
        parallel=True,
        lr_scale=0.25,
    ),
    "sliced-rnn": Entry("sliced_rnn:SlicedRnn", "Yu and Liu 2018", "update gate", lr_scale=0.5),
    "echo-state": Entry("echo_state:EchoState", "Jaeger 2001", "change of the state", lr_scale=0.5),
    "on-lstm": Entry("on_lstm:OnLstm", "Shen et al. 2019", "master forget gate", ordered=True),
    "on-lstm-bidirectional": Entry(
        "on_lstm_bidirectional:BidirectionalOnLstm",
        "this toolkit, after Shen et al. 2019",
        "master forget gates of both directions",
        ordered=True,
        objective="masked",
    ),
    "on-sru": Entry(
        "on_sru:OnSru", "this toolkit, after Lei et al. 2018", "master forget gate", True, ordered=True
    ),
    "on-gru": Entry(
        "on_gru:OnGru", "this toolkit, after Shen et al. 2019", "master forget gate", ordered=True
    ),
    "simple-pcfg": Entry("simple_pcfg:SimplePcfg", "Liu et al. 2023", "no levels", kind=GRAMMAR),
}


def _of_kind(kind: str) -> Table:
    found = {name: entry.module for name, entry in CATALOGUE.items() if entry.kind == kind}
    return Table(
        kind.replace("-", " "), {name: f"onlstm_parse.models.{module}" for name, module in found.items()}
    )


MODELS, GRAMMARS = _of_kind(LANGUAGE_MODEL), _of_kind(GRAMMAR)
