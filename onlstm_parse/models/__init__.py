"""Models, one a file: layers of a language model, in the stack of `base.LanguageModel`, and grammars."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from onlstm_parse.registry import Table, check_known, resolve

LANGUAGE_MODEL, GRAMMAR = "language-model", "grammar"
AVERAGE, SPAN_PARSER, PAIR_CLASSIFIER = "average", "span-parser", "pair-classifier"


@dataclass(frozen=True)
class Kind:
    """A kind of run: what it stores, parses with and trains by, each as "module:object".

    A kind that is not trained has no network, objective and sizes; one that gives no trees has no parser.
    """

    config: str
    """The frozen dataclass of its settings."""
    parser: str = ""
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
    PAIR_CLASSIFIER: Kind(
        "onlstm_parse.models.pair_classifier_config:PairClassifierConfig",
        network="onlstm_parse.models.pair_classifier:PairClassifier",
        objective="onlstm_parse.training.pairs:PairObjective",
        sizes="onlstm_parse.models.pair_classifier_config:PAIR_SIZES",
    ),
    AVERAGE: Kind("onlstm_parse.parsers.average:AverageConfig", "onlstm_parse.parsers.average:AverageParser"),
}


@dataclass(frozen=True)
class Entry:
    """A model as tables and `--help` show it; known without torch."""

    module: str
    """module:class, of a layer or of a grammar."""
    source: str
    levels: str
    """What the levels are read from."""
    parallel: bool = False
    """Whether a layer reads all steps at once."""
    ordered: bool = False
    """Whether units are ordered in chunks, which must divide all widths."""
    lr_scale: float = 1.0
    """The factor on the learning rate of its layers; see `scripts/compare_learning_rates`."""
    objective: Literal["causal", "masked", "bound"] = "causal"
    """It predicts the next word, or masked words from both sides; `bound`: see `models.network_config`."""
    kind: str = LANGUAGE_MODEL
    """The kind of run that it makes, see `KINDS`."""
    sizes: str = ""
    """Its settings by size, "module:object", where they are not those of its kind."""


HERE = "onlstm_parse.models"
CATALOGUE = Table(
    "model",
    {
        "rnn": Entry(f"{HERE}.rnn:Rnn", "Elman 1990", "change of the state", lr_scale=0.1),
        "lstm": Entry(f"{HERE}.lstm:Lstm", "Hochreiter and Schmidhuber 1997", "forget gate"),
        "lstm-peephole": Entry(f"{HERE}.lstm_peephole:PeepholeLstm", "Graves 2013", "forget gate"),
        "gru": Entry(f"{HERE}.gru:Gru", "Cho et al. 2014", "update gate", lr_scale=0.5),
        "mgu": Entry(f"{HERE}.mgu:Mgu", "Zhou et al. 2016", "forget gate"),
        "minimal-rnn": Entry(f"{HERE}.minimal_rnn:MinimalRnn", "Chen 2017", "update gate"),
        "sru": Entry(f"{HERE}.sru:Sru", "Lei et al. 2018", "forget gate", parallel=True),
        "qrnn": Entry(f"{HERE}.qrnn:Qrnn", "Bradbury et al. 2017", "forget gate", parallel=True),
        "glu-cnn": Entry(
            f"{HERE}.glu_cnn:GluCnn", "Dauphin et al. 2017", "gate of the linear unit", parallel=True
        ),
        "glu-cnn-dilated": Entry(
            f"{HERE}.glu_cnn_dilated:DilatedGluCnn", "Su 2018", "gate of the linear unit", parallel=True
        ),
        "separable-cnn": Entry(
            f"{HERE}.separable_cnn:SeparableCnn", "Wu et al. 2019", "gate of the linear unit", parallel=True
        ),
        "tcn": Entry(f"{HERE}.tcn:Tcn", "Bai et al. 2018", "change of the output", parallel=True),
        "attention": Entry(
            f"{HERE}.attention:Attention",
            "Vaswani et al. 2017",
            "overlap of neighbours' attention",
            parallel=True,
            lr_scale=0.25,
        ),
        "hierarchical-attention": Entry(
            f"{HERE}.hierarchical_attention:HierarchicalAttention",
            "this toolkit, after Yang et al. 2016",
            "overlap of neighbours' attention",
            parallel=True,
            lr_scale=0.25,
        ),
        "sliced-rnn": Entry(f"{HERE}.sliced_rnn:SlicedRnn", "Yu and Liu 2018", "update gate", lr_scale=0.5),
        "echo-state": Entry(
            f"{HERE}.echo_state:EchoState", "Jaeger 2001", "change of the state", lr_scale=0.5
        ),
        "rnn-bidirectional": Entry(
            f"{HERE}.rnn_bidirectional:BidirectionalRnn",
            "Schuster and Paliwal 1997",
            "forget gates of both directions",
            objective="masked",
        ),
        "on-lstm": Entry(f"{HERE}.on_lstm:OnLstm", "Shen et al. 2019", "master forget gate", ordered=True),
        "on-lstm-bidirectional": Entry(
            f"{HERE}.on_lstm_bidirectional:BidirectionalOnLstm",
            "this toolkit, after Shen et al. 2019",
            "master forget gates of both directions",
            ordered=True,
            objective="masked",
        ),
        "on-sru": Entry(
            f"{HERE}.on_sru:OnSru",
            "this toolkit, after Lei et al. 2018",
            "master forget gate",
            True,
            ordered=True,
        ),
        "on-gru": Entry(
            f"{HERE}.on_gru:OnGru", "this toolkit, after Shen et al. 2019", "master forget gate", ordered=True
        ),
        "simple-pcfg": Entry(f"{HERE}.simple_pcfg:SimplePcfg", "Liu et al. 2023", "no levels", kind=GRAMMAR),
        "neural-pcfg": Entry(
            f"{HERE}.neural_pcfg:NeuralPcfg",
            "Kim et al. 2019",
            "no levels",
            kind=GRAMMAR,
            sizes="onlstm_parse.models.grammar_config:DENSE_SIZES",
        ),
        "compound-pcfg": Entry(
            f"{HERE}.compound_pcfg:CompoundPcfg",
            "Kim et al. 2019",
            "no levels",
            objective="bound",
            kind=GRAMMAR,
            sizes="onlstm_parse.models.grammar_config:DENSE_SIZES",
        ),
    },
    "onlstm_parse.models",  # names an `Entry`
)


class _Trained(Mapping[str, Any]):
    """The classes of one kind in the catalogue, imported when they are asked for."""

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def __getitem__(self, name: str) -> Any:
        check_known(self.kind.replace("-", " "), name, list(self))
        return resolve(CATALOGUE[name].module)

    def __iter__(self) -> Iterator[str]:
        return (name for name, entry in CATALOGUE.items() if entry.kind == self.kind)

    def __contains__(self, name: object) -> bool:  # imports nothing of ours
        return name in CATALOGUE and CATALOGUE[str(name)].kind == self.kind

    def __len__(self) -> int:
        return sum(1 for _ in self)


MODELS, GRAMMARS = _Trained(LANGUAGE_MODEL), _Trained(GRAMMAR)
