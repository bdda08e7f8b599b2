"""The language model that all layers share: embedding → layers → tied softmax, full or adaptive.

A model is a `Layer` class: the equations of one layer, and how its levels are read. Embedding, dropout,
stacking and the softmax are here. T steps, B batch, V vocabulary, E embedding, L layers; tensors are
time-major.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn

from onlstm_parse.errors import UsageError
from onlstm_parse.models import MODELS
from onlstm_parse.models.config import ModelConfig
from onlstm_parse.models.network import Network
from onlstm_parse.ops.adaptive_softmax import Part, adaptive_parts, cluster_sizes
from onlstm_parse.ops.dropout import dropconnect, embedding_dropout, variational_dropout
from onlstm_parse.ops.product import Linear
from onlstm_parse.ops.tied_cross_entropy import tied_cross_entropy, token_losses
from onlstm_parse.registry import nearest

LayerState = tuple[Tensor, ...]
State = list[LayerState]
LEVEL_FORMS = ["mean", "argmax"]


class Layer(nn.Module):
    """One layer of an encoder; subclasses give `initial_state` and `forward`.

    A layer is built as `Layer(input_size, hidden_size, config)`. State tensors have the batch
    as their first dimension. Levels are soft: the mean of a gate. With `hard_levels` they are the gate's
    likeliest value, which has no gradient.
    """

    hard_levels = False
    wants_levels = True  # if False, a layer may return zeros instead of computing its levels
    residual = False  # if True, outputs are unbounded sums; they are normalised after the last layer

    def initial_state(self, batch: int) -> LayerState:
        """Zeros on the device of the weights. A memory that grows starts empty."""
        raise NotImplementedError

    def zeros(self, batch: int, *shape: int) -> Tensor:
        """Zeros (B, *shape) with the type and the device of the weights."""
        return next(self.parameters()).new_zeros(batch, *shape)

    def forward(self, x: Tensor, state: LayerState) -> tuple[Tensor, LayerState, Tensor]:
        """x (T, B, in) -> outputs (T, B, hidden), the next state, levels (T, B) in [0, 1]."""
        raise NotImplementedError

    def levels_only(self, x: Tensor, state: LayerState) -> tuple[LayerState, Tensor]:
        """`forward` without the outputs. A layer overrides it if its levels are there long before them."""
        _, state, levels = self(x, state)
        return state, levels


class RecurrentLayer(Layer):
    """A layer with input and recurrent weights of `rows` rows. DropConnect drops recurrent weights."""

    def __init__(self, rows: int, input_size: int, hidden_size: int, config: ModelConfig) -> None:
        super().__init__()
        self.hidden_size, self.config = hidden_size, config
        self.weight_ih = _uniform(rows, input_size, fan_in=input_size)
        self.bias_ih = _uniform(rows, fan_in=input_size)
        self.weight_hh = _uniform(rows, hidden_size, fan_in=hidden_size)
        self.bias_hh = _uniform(rows, fan_in=hidden_size)

    def recurrent_weight(self) -> Tensor:
        """weight_hh; in training, some of its weights are dropped."""
        return dropconnect(self.weight_hh, self.config.dropconnect, self.training)


def _uniform(*shape: int, fan_in: int) -> nn.Parameter:
    return nn.Parameter(torch.empty(shape).uniform_(-1, 1) / math.sqrt(fan_in))


def keep_variance(weight: Tensor) -> None:
    """Draw weights (out, in) again with variance 1 / in, so that outputs keep the variance of inputs.

    The usual variance is a third of that. Outputs then shrink from layer to layer where no cell adds up.
    """
    nn.init.normal_(weight, std=weight.shape[1] ** -0.5)


def to_width(input_size: int, hidden_size: int) -> nn.Module:
    """Project the input if its width differs from the layer's; a residual sum needs equal widths."""
    return nn.Identity() if input_size == hidden_size else Linear(input_size, hidden_size, bias=False)


class Encoded(NamedTuple):
    """What the encoder returns for (T, B) words."""

    hidden: Tensor  # (T, B, E): the last layer's output, dropout applied
    raw: Tensor  # (T, B, E): the same without dropout
    state: State
    levels: Tensor  # (L, T, B)


class LanguageModel(Network):
    """A language model over `vocabulary_size` words; causal unless its entry says `masked`."""

    def __init__(self, config: ModelConfig, vocabulary_size: int) -> None:
        super().__init__()
        self.config = config
        self.embedding = nn.Embedding(vocabulary_size, config.embedding)
        nn.init.uniform_(self.embedding.weight, -config.embedding_scale, config.embedding_scale)
        self.bias = nn.Parameter(torch.zeros(vocabulary_size))
        if config.softmax == "adaptive":
            sizes = torch.tensor(cluster_sizes(vocabulary_size)[1:])
            self.clusters = nn.Parameter(torch.empty(len(sizes), config.embedding))
            nn.init.uniform_(self.clusters, -config.embedding_scale, config.embedding_scale)
            self.cluster_bias = nn.Parameter(sizes.log())  # gives all words the same probability at first
        if config.objective == "masked":
            self.mask = nn.Parameter(torch.zeros(config.embedding))
        make = MODELS[config.model]
        self.layers = nn.ModuleList(make(size, units, config) for size, units in config.layer_sizes())
        self.norm = nn.LayerNorm(config.layer_sizes()[-1][1]) if make.residual else None
        if self.norm is not None:  # gives logits a variance of 1 at first
            nn.init.constant_(self.norm.weight, (3 / config.embedding) ** 0.5 / config.embedding_scale)

    def initial_state(self, batch: int) -> State:
        return [layer.initial_state(batch) for layer in cast(list[Layer], self.layers)]

    def forward(
        self,
        words: Tensor,
        state: State | None = None,
        masked: Tensor | None = None,
        depth: int | None = None,
    ) -> Encoded:
        """Read word ids (T, B), starting from `state` or from zeros.

        Words that are `masked` (T, B, bool) are replaced by the mask. With `depth` only the first `depth`
        layers run, the last of them without outputs: enough for levels, but not for a prediction.
        """
        if state is None:
            state = self.initial_state(words.shape[1])
        config, training = self.config, self.training
        x = embedding_dropout(words, self.embedding.weight, config.dropout_embedding, training)
        if masked is not None:
            x = torch.where(masked.unsqueeze(-1), self.mask, x)
        x = raw = variational_dropout(x, config.dropout_input, training)
        next_state, levels = [], []
        layers = cast(list[Layer], self.layers)
        running = list(zip(layers, state, strict=depth is None))[:depth]
        for number, (layer, layer_state) in enumerate(running, start=1):
            if number == depth:
                layer_state, layer_levels = layer.levels_only(x, layer_state)
            else:
                raw, layer_state, layer_levels = layer(x, layer_state)
                if number == config.layers and self.norm is not None:
                    raw = self.norm(raw)
                rate = config.dropout_output if number == config.layers else config.dropout_between
                x = variational_dropout(raw, rate, training)
            next_state.append(layer_state)
            levels.append(layer_levels)
        return Encoded(x, raw, next_state, torch.stack(levels))

    def loss(self, hidden: Tensor, targets: Tensor) -> Tensor:
        """Mean loss in nats of targets (N,) after hidden (N, E). Never holds a tensor (N, V)."""
        if self.config.softmax != "adaptive":
            return tied_cross_entropy(hidden, self.embedding.weight, self.bias, targets)
        parts = self._adaptive_parts(hidden, targets)
        sums = [len(part.rows) * tied_cross_entropy(*part[1:]) for part in parts]
        return torch.stack(sums).sum() / len(targets)

    def token_losses(self, hidden: Tensor, targets: Tensor) -> Tensor:
        """The loss in nats of each target (N,), without gradient. Arguments as for `loss`."""
        if self.config.softmax != "adaptive":
            return token_losses(hidden, self.embedding.weight, self.bias, targets)
        losses = self.bias.new_zeros(len(targets))
        with torch.no_grad():
            for rows, *part in self._adaptive_parts(hidden, targets):
                losses[rows] += token_losses(*part)
        return losses

    def _adaptive_parts(self, hidden: Tensor, targets: Tensor) -> list[Part]:
        return adaptive_parts(
            hidden, self.embedding.weight, self.bias, self.clusters, self.cluster_bias, targets
        )

    def read_levels(self, form: str) -> None:
        """Set how all layers read their levels: `mean` or `argmax`. Raises UsageError."""
        if form not in LEVEL_FORMS:
            raise UsageError(f"unknown form of levels {form!r}", remedy=nearest(form, LEVEL_FORMS))
        for layer in self.modules():
            if isinstance(layer, Layer):
                layer.hard_levels = form == "argmax"

    @contextmanager
    def without_levels(self) -> Iterator[None]:
        """Inside the block, layers skip what only levels need. Training does not read levels."""
        layers = [layer for layer in self.modules() if isinstance(layer, Layer)]
        for layer in layers:
            layer.wants_levels = False
        try:
            yield
        finally:
            for layer in layers:
                layer.wants_levels = True

    def parameter_groups(self) -> list[tuple[list[nn.Parameter], float]]:
        """Embedding and softmax learn as much from a word whatever the layers are; layers have a scale."""
        layers = list(self.layers.parameters())
        inside = set(map(id, layers))
        others = [parameter for parameter in self.parameters() if id(parameter) not in inside]
        return [(others, 1.0), (layers, self.config.lr_scale)]
