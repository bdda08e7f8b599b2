"""The ON-LSTM recurrence: `on_lstm` is fast, `on_lstm_reference` has the published equations.

`fast` chooses the form: compiled C++, Triton kernels on a GPU, or plain PyTorch with gradients by hand.
"""

from onlstm_parse.ops.on_lstm.fast import on_lstm
from onlstm_parse.ops.on_lstm.reference import OnLstmOutput, on_lstm_reference

__all__ = ["OnLstmOutput", "on_lstm", "on_lstm_reference"]
