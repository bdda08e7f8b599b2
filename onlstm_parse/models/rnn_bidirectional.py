"""A recurrent network in both directions, trained to predict masked words.

    h→, d→ = RNN(x_1 ... x_T),   h←, d← = RNN(x_T ... x_1),   h_t = h→_t + V h←_t

RNN is the layer of `lstm` or, with `cell` tanh, that of `rnn`.
Source: Schuster and Paliwal 1997; LSTM: Graves and Schmidhuber 2005; masked words: Devlin et al. 2019.
Levels: those of the cell, the forget gate or the movement of the state, in both directions; see
`bidirectional`.
"""

from __future__ import annotations

from onlstm_parse.models.base import Layer
from onlstm_parse.models.bidirectional import Bidirectional
from onlstm_parse.models.config import ModelConfig
from onlstm_parse.models.lstm import Lstm
from onlstm_parse.models.rnn import Rnn

CELLS: dict[str, type[Layer]] = {"lstm": Lstm, "tanh": Rnn}


class BidirectionalRnn(Bidirectional):
    """State: that of the forward direction."""

    def direction(self, input_size: int, hidden_size: int, config: ModelConfig) -> Layer:
        return CELLS[config.cell](input_size, hidden_size, config)
