"""The training loop: windows in, weights out, and nothing lost on the way.

Random access to the text's windows and a checkpoint of every random state make an interrupted
and resumed run end with the weights of an uninterrupted one (on one machine, where the budget
is in passes or tokens; a budget in minutes follows the clock).
"""

from __future__ import annotations

import json
import math
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import accumulate
from pathlib import Path
from types import FrameType

import torch

from onlstm_parse.errors import OnlstmError
from onlstm_parse.files import append_line, written_whole
from onlstm_parse.models.base import LanguageModel, State
from onlstm_parse.models.objectives import predict
from onlstm_parse.ops.memory import keep_freed_memory
from onlstm_parse.ops.precision import choose_precision, products_in
from onlstm_parse.runs import METRICS, save_weights
from onlstm_parse.text.batches import Stream
from onlstm_parse.training.checkpoint import Progress, checkpoint_file, load_checkpoint, save_checkpoint
from onlstm_parse.training.config import TrainingConfig
from onlstm_parse.training.optimisation import (
    Average,
    has_stalled,
    learning_rate,
    make_optimiser,
    set_learning_rate,
)
from onlstm_parse.training.progress import Display
from onlstm_parse.training.validation import Validation, validate

REPORT_EVERY = 100  # windows
CHECKPOINT_SECONDS = 60.0


@contextmanager
def signals_held() -> Iterator[list[int]]:
    """Collect SIGINT and SIGTERM, so that an update is never cut in two; a second one is obeyed at once."""
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
    """Trains `model` on a stream of windows, into a run folder."""

    def __init__(
        self,
        model: LanguageModel,
        train: Stream,
        valid: Stream,
        config: TrainingConfig,
        folder: Path,
        display: Display,
    ) -> None:
        self.model, self.train_stream, self.valid_stream = model, train, valid
        self.config, self.folder, self.display = config, folder, display
        self.device = next(model.parameters()).device
        self.precision = choose_precision(config.precision, self.device)
        self.optimiser = make_optimiser(model, config)
        self.average = Average()
        self.progress = Progress()
        self.state: State | None = None
        self._clock = self._checkpointed = self._reported = time.monotonic()
        self._planned: tuple[int, list[tuple[int, int]]] = (-1, [])
        self._loss, self._tokens = 0.0, 0  # since the last report

    def resume(self) -> None:
        """Go back to the last checkpoint, forgetting reports made after it."""
        self.progress, self.state = load_checkpoint(
            self.folder, self.model, self.optimiser, self.average, self.device
        )
        metrics = self.folder / METRICS
        lines = metrics.read_text(encoding="utf-8").splitlines(keepends=True) if metrics.exists() else []
        with written_whole(metrics) as file:
            file.writelines(lines[: self.progress.reports])

    def run(self) -> None:
        """Train until the budget is spent; Ctrl-C leaves a checkpoint and raises KeyboardInterrupt."""
        self.model.train()
        if self.device.type == "cpu":
            keep_freed_memory()
        if not checkpoint_file(self.folder).exists():
            save_weights(self.model, self.folder)
            self._checkpoint()
        self._clock = self._reported = time.monotonic()
        try:
            with signals_held() as received:
                while not self.progress.finished:
                    self._window()
                    if received:
                        self._checkpoint()
                        raise KeyboardInterrupt
        finally:
            self.display.close()

    def share_done(self) -> float:
        """The share of the budget that is spent, in [0, 1]."""
        progress = self.progress
        if self.config.minutes is not None:
            return min((progress.seconds + progress.validation_seconds) / (60 * self.config.minutes), 1.0)
        if self.config.tokens is not None:
            return min(progress.tokens / self.config.tokens, 1.0)
        passes = progress.epoch + progress.step / len(self._windows(progress.epoch))
        return min(passes / self._epochs, 1.0)

    def _windows(self, epoch: int) -> list[tuple[int, int]]:
        """(start, steps) of each window of a pass: the same for a run that goes on and one that resumes."""
        if self._planned[0] != epoch:
            stream, config = self.train_stream, self.config
            lengths = [config.bptt] * stream.steps
            if config.variable_bptt:
                lengths = stream.lengths(epoch, config.seed)
            starts = accumulate(lengths[:-1], initial=0)
            self._planned = epoch, list(zip(starts, lengths, strict=True))
        return self._planned[1]

    @property
    def _epochs(self) -> int:
        assert self.config.epochs is not None  # settled before the run began
        return self.config.epochs

    def _window(self) -> None:
        """One update, and what is due behind it."""
        progress = self.progress
        windows = self._windows(progress.epoch)
        inputs, targets = self.train_stream.read(*windows[progress.step])
        self._update(torch.from_numpy(inputs).to(self.device), torch.from_numpy(targets).to(self.device))
        progress.step += 1
        progress.updates += 1
        progress.tokens += targets.size
        self._tick()
        pass_ended = progress.step == len(windows)
        if pass_ended:
            progress.epoch, progress.step, self.state = progress.epoch + 1, 0, None
        over = self.share_done() >= 1
        due = progress.tokens - progress.validated >= self.config.validate_every
        if pass_ended or over or due:
            self._validate(last=over)
        elif progress.updates % REPORT_EVERY == 0:
            self._report()
        else:
            self._show()
        if time.monotonic() - self._checkpointed > CHECKPOINT_SECONDS:
            self._checkpoint()

    def _update(self, inputs: torch.Tensor, targets: torch.Tensor) -> None:
        config, model = self.config, self.model
        with products_in(self.precision, self.device), model.without_levels():
            encoded, hidden, words = predict(model, inputs, targets, self.state)
            loss = model.loss(hidden, words)
        total = loss
        if config.activation_penalty:
            total = total + config.activation_penalty * encoded.hidden.float().square().mean()
        if config.temporal_penalty and len(inputs) > 1:
            change = encoded.raw[1:].float() - encoded.raw[:-1].float()
            total = total + config.temporal_penalty * change.square().mean()
        self.optimiser.zero_grad()
        total.backward()
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), config.clip)
        if not (total.isfinite() and norm.isfinite()):
            self._stop_not_finite(total.item(), norm.item())
        set_learning_rate(self.optimiser, learning_rate(config, self.share_done(), len(inputs)))
        self.optimiser.step()
        if self.average.updates or self._averaging_begins():
            self.average.add(model)
        self.state = [tuple(part.detach() for part in layer) for layer in encoded.state]
        self._loss += loss.item() * targets.numel()
        self._tokens += targets.numel()

    def _averaging_begins(self) -> bool:
        return self.config.recipe == "paper" and has_stalled(self.progress.perplexities, self.config.patience)

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
            result = validate(self.model, self.valid_stream, self.device, self.precision)
            best = min(self.progress.perplexities, default=math.inf)
            self.progress.perplexities.append(result.perplexity)
            if result.perplexity < best:
                save_weights(self.model, self.folder)
        self.progress.validation_seconds = time.monotonic() - began
        self._report(result, began)
        self._tick()
        if warning := result.warning():
            self.display.say(f"warning: {warning}")
        self.progress.finished = last
        self._checkpoint()
        self._reported = time.monotonic()

    def _report(self, result: Validation | None = None, now: float | None = None) -> None:
        """One line of metrics; `now` is when the last window ended."""
        progress = self.progress
        speed, loss = self._show(now)
        entry = {
            "step": progress.updates,
            "epoch": round(progress.epoch + progress.step / len(self._windows(progress.epoch)), 4),
            "tokens": progress.tokens,
            "seconds": round(progress.seconds, 2),
            "tokens_per_second": round(speed, 1),
            "train_perplexity": math.exp(min(loss, 700.0)),
            "valid_perplexity": result and result.perplexity,
            "level_mean": result and round(result.level_mean, 4),
            "level_spread": result and round(result.level_spread, 4),
        }
        append_line(self.folder / METRICS, json.dumps(entry))
        progress.reports += 1
        self._loss, self._tokens, self._reported = 0.0, 0, time.monotonic()

    def _show(self, now: float | None = None) -> tuple[float, float]:
        """Bring the display up to date; returns tokens a second and loss since the last report."""
        speed = self._tokens / max((now or time.monotonic()) - self._reported, 1e-9)
        loss = self._loss / max(self._tokens, 1)
        best = min(self.progress.perplexities, default=math.inf)
        self.display.update(self.share_done(), self.progress.seconds, speed, loss, best)
        return speed, loss

    def _tick(self) -> None:
        """Count the time since the last tick."""
        now = time.monotonic()
        self.progress.seconds += now - self._clock
        self._clock = now

    def _checkpoint(self) -> None:
        save_checkpoint(self.folder, self.progress, self.model, self.optimiser, self.average, self.state)
        self._checkpointed = time.monotonic()
