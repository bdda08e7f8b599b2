"""What becomes of memory that tensors gave back."""

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


def return_freed_memory() -> None:
    """Return it to the system now; without glibc, nothing.

    Tensors of ever other sizes leave holes, and by themselves these would add up over a long text.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
