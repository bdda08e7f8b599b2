"""The training loop: batches of an objective in, weights out, and nothing lost on the way.

Access to batches by position and a checkpoint of every random state make a resumed run end with the
weights of an uninterrupted one (on one machine, where the budget is in passes or tokens; a budget in
minutes depends on the clock).
"""

from __future__ import annotations

import json
import math
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import torch

from onlstm_parse.errors import OnlstmError
from onlstm_parse.files import append_line, written_whole
from onlstm_parse.ops.memory import keep_freed_memory
from onlstm_parse.ops.precision import choose_precision, products_in
from onlstm_parse.runs import METRICS, save_snapshot, save_weights
from onlstm_parse.training.checkpoint import Progress, load_checkpoint, save_checkpoint
from onlstm_parse.training.config import TrainingConfig
from onlstm_parse.training.curves import Curves
from onlstm_parse.training.objective import Objective, Validation
from onlstm_parse.training.optimisers import make_optimiser
from onlstm_parse.training.progress import Display
from onlstm_parse.training.schedule import Average, has_stalled, learning_rate
from onlstm_parse.training.team import Team

REPORT_EVERY = 100  # updates
CHECKPOINT_SECONDS = 60.0


@contextmanager
def signals_held() -> Iterator[list[int]]:
    """Collect SIGINT and SIGTERM until an update is done. A second signal interrupts at once."""
    received: list[int] = []

    def remember(number: int, frame: FrameType | None) -> None:
        if received:
            raise KeyboardInterrupt
        received.append(number)

    if threading.current_thread() is not threading.main_thread():
        yield received
        return
    before = {number: signal.signal(number, remember) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Trainer:
    """Trains the model of an objective, into a run folder. In a team, the first process writes."""

    def __init__(
        self,
        objective: Objective,
        config: TrainingConfig,
        folder: Path,
        display: Display,
        tensorboard: bool = False,
    ) -> None:
        self.objective, self.model = objective, objective.model
        self.config, self.folder, self.display = config, folder, display
        self.device = next(self.model.parameters()).device
        self.precision = choose_precision(config.precision, self.device)
        self.optimiser = make_optimiser(self.model.parameter_groups(), config)
        self.average = Average()
        self.progress = Progress()
        self.team = Team()
        self._step = self.team.step_of(objective)
        self.tensorboard = tensorboard
        self._curves: Curves | None = None
        self._clock = self._reported = time.monotonic()
        self._checkpointed = 0.0  # seconds of training
        self._begun = False
        self._loss, self._tokens = 0.0, 0  # since the last report

    def resume(self) -> None:
        """Go back to the last checkpoint, and drop the reports after it."""
        self.progress = load_checkpoint(self.folder, self.objective, self.optimiser, self.average, self.team)
        self._begun, self._checkpointed = True, self.progress.seconds
        if not self.team.first:
            return
        metrics = self.folder / METRICS
        lines = metrics.read_text(encoding="utf-8").splitlines(keepends=True) if metrics.exists() else []
        with written_whole(metrics) as file:
            file.writelines(lines[: self.progress.reports])

    def run(self) -> None:
        """Train until the budget is spent. Ctrl-C writes a checkpoint and raises KeyboardInterrupt."""
        self.model.train()
        if self.device.type == "cpu":
            keep_freed_memory()
        if not self._begun:
            self._save_weights()
            self._checkpoint()
        if self.tensorboard and self.team.first:
            self._curves = Curves(self.folder, self.progress.updates)
        self._clock = self._reported = time.monotonic()
        try:
            with signals_held() as received:
                while not self.progress.finished:
                    self._batch()
                    if any(self.team.sum(len(received))):
                        self._checkpoint()
                        raise KeyboardInterrupt
        finally:
            self.display.close()
            if self._curves:
                self._curves.close()

    def share_done(self) -> float:
        """The spent part of the budget, in [0, 1]."""
        progress = self.progress
        if self.config.minutes is not None:
            return min((progress.seconds + progress.validation_seconds) / (60 * self.config.minutes), 1.0)
        if self.config.tokens is not None:
            return min(progress.tokens / self.config.tokens, 1.0)
        return min(self._passes() / self._epochs, 1.0)

    def _passes(self) -> float:
        return self.progress.epoch + self.progress.step / self.objective.batches(self.progress.epoch)

    @property
    def _epochs(self) -> int:
        assert self.config.epochs is not None  # set before the run began
        return self.config.epochs

    def _batch(self) -> None:
        """One update, and what is due after it."""
        progress = self.progress
        tokens = self._update()
        progress.step += 1
        progress.updates += 1
        progress.tokens += tokens
        self._tick()
        pass_ended = progress.step == self.objective.batches(progress.epoch)
        if pass_ended:
            progress.epoch, progress.step = progress.epoch + 1, 0
            self.objective.end_pass()
        over = self.share_done() >= 1
        due = progress.tokens - progress.validated >= self.config.validate_every
        if pass_ended or over or due:
            self._validate(last=over)
        elif progress.updates % REPORT_EVERY == 0:
            self._report()
        else:
            self._show()
        if progress.seconds - self._checkpointed > CHECKPOINT_SECONDS:
            self._checkpoint()

    def _update(self) -> int:
        """Train on one batch; returns the number of its predictions."""
        config, model = self.config, self.model
        with products_in(self.precision, self.device):
            step = self._step(self.progress.epoch, self.progress.step)
        self.optimiser.zero_grad()
        step.total.backward()
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), config.clip)
        if not (step.total.isfinite() and norm.isfinite()):
            self._stop_not_finite(step.total.item(), norm.item())
        self.optimiser.step(learning_rate(config, self.share_done()) * step.lr_scale)
        if self.average.updates or self._averaging_begins():
            self.average.add(model)
        loss, tokens = self.team.sum(step.loss.item() * step.tokens, step.tokens)
        self._loss += loss
        self._tokens += int(tokens)
        return int(tokens)

    def _averaging_begins(self) -> bool:
        return self.config.recipe == "paper" and has_stalled(self.progress.figures, self.config.patience)

    def _stop_not_finite(self, loss: float, norm: float) -> None:
        raise OnlstmError(
            f"training stopped at update {self.progress.updates + 1}: loss {loss:.4g}, norm of its gradient "
            f"{norm:.4g}; the last good weights are kept in {self.folder}",
            remedy=f"try a --learning-rate below {self.config.learning_rate:g}, a smaller --clip, "
            "or --precision fp32",
        )

    def _validate(self, last: bool) -> None:
        began = time.monotonic()
        self.progress.validated = self.progress.tokens
        with self.average.swapped_in(self.model):
            with products_in(self.precision, self.device):
                result = self.objective.validate()
            best = min(self.progress.figures, default=math.inf)
            self.progress.figures.append(result.figure)
            if result.figure < best:
                self._save_weights()
            if self.config.snapshots and self.team.first:
                save_snapshot(self.model, self.folder, self.progress.tokens)
        self.progress.validation_seconds = self.team.agreed(time.monotonic() - began)
        self._report(result, began)
        self._tick()
        if result.warning:
            self.display.say(f"warning: {result.warning}")
        self.progress.finished = last
        self._checkpoint()
        self._reported = time.monotonic()

    def _report(self, result: Validation | None = None, now: float | None = None) -> None:
        """Write one line of metrics; `now` is when the last batch ended."""
        progress = self.progress
        speed, loss = self._show(now)
        entry = {
            "step": progress.updates,
            "epoch": round(self._passes(), 4),
            "tokens": progress.tokens,
            "seconds": round(progress.seconds, 2),
            "tokens_per_second": round(speed, 1),
            "train_perplexity": math.exp(min(loss, 700.0)),
            **(result.report if result else dict.fromkeys(self.objective.reported)),
        }
        if self.team.first:
            append_line(self.folder / METRICS, json.dumps(entry))
        if self._curves:
            self._curves.add(entry)
        progress.reports += 1
        self._loss, self._tokens, self._reported = 0.0, 0, time.monotonic()

    def _show(self, now: float | None = None) -> tuple[float, float]:
        """Update the display; returns tokens a second and mean loss since the last report."""
        speed = self._tokens / max((now or time.monotonic()) - self._reported, 1e-9)
        loss = self._loss / max(self._tokens, 1)
        best = min(self.progress.figures, default=math.inf)
        self.display.update(self.share_done(), self.progress.seconds, speed, loss, best)
        return speed, loss

    def _tick(self) -> None:
        """Count the time since the last tick."""
        now = time.monotonic()
        self.progress.seconds += self.team.agreed(now - self._clock)
        self._clock = now

    def _checkpoint(self) -> None:
        save_checkpoint(self.folder, self.progress, self.objective, self.optimiser, self.average, self.team)
        self._checkpointed = self.progress.seconds

    def _save_weights(self) -> None:
        if self.team.first:
            save_weights(self.model, self.folder)
