"""Loops with their own buffers. Without a device, a graph is replayed by calling the loop again."""

import pytest
import torch

from onlstm_parse.ops import graphed
from onlstm_parse.ops.graphed import CAPTURED_AT, KEPT, Graphed


@pytest.fixture
def played(monkeypatch):
    """Stands in for CUDA graphs."""
    monkeypatch.setattr(graphed, "capture", lambda run, device: run)
    monkeypatch.setattr(torch.cuda, "synchronize", lambda: None)


def running_sum(sizes, steps, x, out, last):
    """last += x[t] over t < steps; out the sums on the way."""
    assert sizes == (7,)
    for t in range(int(steps)):
        last += x[t]
        out[t] = last


def use(loop, steps, batch=2):
    """Call it as on a device; whether `find` gave a graph."""
    x = torch.randn(steps, batch, 3)
    out, last = torch.empty_like(x), torch.zeros(batch, 3)
    captured = loop._find((7,), (x, out, last), stream=0)
    if captured is None:
        loop((7,), x, out, last)
    else:
        captured.run(steps, (x, out, last), loop._access)
    torch.testing.assert_close(out, x.cumsum(0))
    torch.testing.assert_close(last, x.sum(0))
    return captured is not None


def test_a_captured_graph_is_right_for_shorter_and_longer_windows(played):
    loop = Graphed(running_sum, ("r", "w", "rw"))
    assert [use(loop, 16) for _ in range(CAPTURED_AT)] == [False] * (CAPTURED_AT - 1) + [True]
    assert all(use(loop, steps) for steps in (9, 16, 12, 10))
    assert not use(loop, 8)
    assert not use(loop, 17)


def test_buffers_made_in_inference_mode_serve_outside_it(played):
    loop = Graphed(running_sum, ("r", "w", "rw"))
    with torch.inference_mode():
        assert any(use(loop, 5) for _ in range(CAPTURED_AT))
    assert use(loop, 4)


def test_the_least_recently_used_is_dropped(played):
    loop = Graphed(running_sum, ("r", "w", "rw"))
    for _ in range(CAPTURED_AT):
        use(loop, 4, batch=1)
    for batch in range(2, KEPT + 1):
        use(loop, 4, batch)
    assert use(loop, 4, batch=1)  # the last used again
    for batch in range(2, KEPT + 2):
        use(loop, 4, batch)
    assert not use(loop, 4, batch=1)
    assert len(loop._uses) == KEPT
    assert not loop._captured
