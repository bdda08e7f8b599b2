"""ON-LSTM in both directions, trained to predict masked words.

    h→, d→ = ON-LSTM(x_1 ... x_T),   h←, d← = ON-LSTM(x_T ... x_1),   h_t = h→_t + V h←_t

Source: this toolkit's own, after Shen et al. 2019; masked words: Devlin et al. 2019.
Levels: the master forget gates of both directions, see `bidirectional`.
"""

from __future__ import annotations

from onlstm_parse.models.bidirectional import Bidirectional
from onlstm_parse.models.config import ModelConfig
from onlstm_parse.models.on_lstm import OnLstm


class BidirectionalOnLstm(Bidirectional):
    """State: that of the forward direction."""

    def direction(self, input_size: int, hidden_size: int, config: ModelConfig) -> OnLstm:
        return OnLstm(input_size, hidden_size, config)
