"""Control what happens to freed memory."""

from __future__ import annotations

import ctypes
from collections.abc import Callable

M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_MAX = -1, -2, -4  # of malloc.h


def keep_freed_memory() -> None:
    """Keep freed tensors in this process from now on. Does nothing without glibc.

    Each training step frees and allocates the same hundreds of megabytes. By default glibc maps every large
    tensor anew, and the system clears its pages: a fifth of the time of a step.
    """
    if mallopt := _of_glibc("mallopt"):
        mallopt(M_MMAP_MAX, 0)
        mallopt(M_TRIM_THRESHOLD, 2**31 - 1)
        mallopt(M_TOP_PAD, 64 << 20)


def return_freed_memory() -> None:
    """Return freed memory to the system now. Does nothing without glibc.

    Tensors of many different sizes leave holes, which would add up over a long text.
    """
    if trim := _of_glibc("malloc_trim"):
        trim(0)


def _of_glibc(function: str) -> Callable[..., int] | None:
    try:
        return getattr(ctypes.CDLL(None), function, None)
    except TypeError:  # Windows
        return None
