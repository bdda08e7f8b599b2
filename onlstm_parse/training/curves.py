"""The reports of a training as TensorBoard curves, in the run folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from onlstm_parse.errors import UsageError

FOLDER = "tensorboard"


class Curves:
    """One curve for every figure of `metrics.jsonl`, over updates."""

    def __init__(self, folder: Path, updates: int = 0) -> None:
        """Hides what was written after `updates` updates. Raises UsageError without tensorboard."""
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            raise UsageError(
                "tensorboard is not installed", remedy="pip install 'onlstm-parse[tensorboard]'"
            ) from None
        self._writer: Any = SummaryWriter(folder / FOLDER, purge_step=updates or None)

    def add(self, report: dict[str, Any]) -> None:
        for name, value in report.items():
            if name != "step" and value is not None:
                self._writer.add_scalar(name, value, report["step"])
        self._writer.flush()

    def close(self) -> None:
        self._writer.close()
