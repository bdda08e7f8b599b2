"""How the process keeps memory that tensors gave back."""

from __future__ import annotations

import ctypes

M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_MAX = -1, -2, -4  # of malloc.h


def keep_freed_memory() -> None:
    """Do not return freed tensors to the system, for the rest of this process; without glibc, nothing.

    Each step of a training frees and asks again for the same hundreds of megabytes. By default glibc
    maps every large tensor anew, and the system's clearing of its pages costs a fifth of the step.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_MMAP_MAX, 0)
        mallopt(M_TRIM_THRESHOLD, 2**31 - 1)
        mallopt(M_TOP_PAD, 64 << 20)
