"""Loops over time without work of the host at each step: captured once as a CUDA graph, then replayed.

A captured loop has its own buffers. Its inputs are copied in and its outputs are copied out, so that no
buffer holds what autograd keeps, for any number of layers and windows. Steps are padded to a multiple of
PADDING, so that windows of different length share a graph.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from functools import cache

import torch
from torch import Tensor

PADDING = 8
CAPTURED_AT = 3  # capture a loop at this use: sizes that occur once or twice are not worth it
KEPT = 32  # graphs that are kept, the last used ones
MOST_BYTES = 1 << 28  # of a graph's buffers; for larger steps the launches cost little

Loop = Callable[..., None]

_one_at_a_time = threading.Lock()  # captures must not overlap, nor copies of two threads


class Graphed:
    """A function `loop(sizes, steps, *tensors)` that works in place, captured if that is worth it.

    `access` tells for each tensor whether the loop reads (r), writes (w) or does both (rw). Tensors of three
    dimensions begin with time, the first of them with T. `steps` (1,) int32 holds T without padding.
    """

    def __init__(self, loop: Loop, access: tuple[str, ...]) -> None:
        self._loop, self._access = loop, access
        self._uses: OrderedDict[Hashable, int] = OrderedDict()
        self._captured: dict[Hashable, _Captured] = {}

    def __call__(self, sizes: Hashable, *tensors: Tensor) -> None:
        device, steps = tensors[0].device, len(tensors[0])
        if device.type != "cuda":
            return self._at_once(sizes, *tensors)
        with torch.cuda.device(device):
            # A caller that captures gets the launches in its own graph.
            if torch.cuda.is_current_stream_capturing() or sum(t.nbytes for t in tensors) > MOST_BYTES:
                return self._at_once(sizes, *tensors)
            with _one_at_a_time:
                captured = self._find(sizes, tensors, torch.cuda.current_stream().stream_id)
                if captured is not None:
                    return captured.run(steps, tensors, self._access)
            self._at_once(sizes, *tensors)

    def _at_once(self, sizes: Hashable, *tensors: Tensor) -> None:
        steps = torch.full((1,), len(tensors[0]), dtype=torch.int32, device=tensors[0].device)
        self._loop(sizes, steps, *tensors)

    def _find(self, sizes: Hashable, tensors: tuple[Tensor, ...], stream: int) -> _Captured | None:
        """The graph for these tensors, captured now if this use is CAPTURED_AT; None before.

        A graph belongs to a stream: its buffers are allocated, used and freed there in order.
        """
        padding = -len(tensors[0]) % PADDING
        shapes = tuple((_padded(tensor, padding), tensor.dtype) for tensor in tensors)
        key = sizes, shapes, tensors[0].device, stream
        self._uses[key] = self._uses.get(key, 0) + 1
        self._uses.move_to_end(key)
        if len(self._uses) > KEPT:
            oldest = self._uses.popitem(last=False)[0]
            if oldest in self._captured:
                torch.cuda.synchronize()  # it may be running
                del self._captured[oldest]
        if self._uses[key] >= CAPTURED_AT and key not in self._captured:
            self._captured[key] = _Captured(self._loop, sizes, tensors, padding)
        return self._captured.get(key)


class _Captured:
    """A graph of one loop with its buffers."""

    def __init__(self, loop: Loop, sizes: Hashable, like: tuple[Tensor, ...], padding: int) -> None:
        device = like[0].device
        with torch.inference_mode(False):  # buffers of inference mode are read-only outside it
            self._own = [torch.zeros(_padded(t, padding), dtype=t.dtype, device=device) for t in like]
            self._steps = torch.zeros(1, dtype=torch.int32, device=device)
        self._replay = capture(lambda: loop(sizes, self._steps, *self._own), device)

    def run(self, steps: int, tensors: tuple[Tensor, ...], access: tuple[str, ...]) -> None:
        self._steps.fill_(steps)
        for own, given, kind in zip(self._own, tensors, access, strict=True):
            if "r" in kind:
                own[: len(given)].copy_(given)
        self._replay()
        for own, given, kind in zip(self._own, tensors, access, strict=True):
            if "w" in kind:
                given.copy_(own[: len(given)])


def _padded(tensor: Tensor, padding: int) -> tuple[int, ...]:
    """The shape of the tensor, with time padded."""
    return (len(tensor) + (padding if tensor.dim() == 3 else 0), *tensor.shape[1:])


def capture(run: Callable[[], None], device: torch.device) -> Callable[[], None]:
    """Capture the kernels that `run` launches. Returns a function that launches them all on the current
    stream.
    """
    stream = _side_stream(device)
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        run()  # libraries initialise what they may not initialise in a capture
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph, stream=stream, capture_error_mode="thread_local"):
        run()
    return graph.replay


@cache
def _side_stream(device: torch.device) -> torch.cuda.Stream:
    """One stream for all captures: libraries keep working memory for every stream they have used."""
    return torch.cuda.Stream(device)
