"""Shows the progress of long work, such as a training: a bar on a terminal, plain lines in a log."""

from __future__ import annotations

import math
import shutil
import sys
import time
from typing import Any

from tqdm import tqdm

LOG_SECONDS = 10.0  # between plain lines


class Display:
    """Writes to standard error. `share` is the part that is done, in [0, 1]: of a training, of its budget."""

    def __init__(self, quiet: bool = False) -> None:
        self.quiet, self._last_line = quiet, 0.0
        columns, rows = shutil.get_terminal_size()  # tqdm's own fails where a terminal reports 0 columns
        layout = "{percentage:3.0f}%|{bar}| {elapsed}<{remaining}{postfix}"
        disable = True if quiet else None  # None: shown on a terminal
        self._bar: Any = tqdm(total=1.0, bar_format=layout, ncols=columns, nrows=rows, disable=disable)

    def update(
        self, share: float, seconds: float, tokens_per_second: float, loss: float, valid: float
    ) -> None:
        """`loss`: nats a token since the last report. `valid`: the best validation figure so far."""
        perplexity = math.exp(min(loss, 700.0))
        text = f"{tokens_per_second:,.0f} tokens/s, loss {loss:.3f}, perplexity {perplexity:,.1f}"
        if math.isfinite(valid):
            text += f", validation {valid:,.1f}"
        self.show(share, seconds, text)

    def show(self, share: float, seconds: float, text: str) -> None:
        if not self._bar.disable:
            self._bar.set_postfix_str(text, refresh=False)
            self._bar.update(share - self._bar.n)
        elif time.monotonic() - self._last_line >= LOG_SECONDS:
            self._last_line = time.monotonic()
            left = seconds * (1 - share) / share if share else 0.0
            self.say(f"{share:4.0%}  {text}, {tqdm.format_interval(left)} left")

    def say(self, text: str) -> None:
        if not self.quiet:
            self._bar.write(text, file=sys.stderr)

    def close(self) -> None:
        self._bar.close()
