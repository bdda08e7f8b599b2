"""Kinds of x86-64 processors that wheels have compiled recurrences for. Needs no torch: setup.py uses it."""

from __future__ import annotations

import platform
import sys
from pathlib import Path

SOURCES = Path(__file__).parent / "csrc"
PREBUILT = "prebuilt"  # the folder of compiled files in a wheel, beside this one
FLAGS = (
    "-std=c++17",
    "-O3",
    "-fno-math-errno",
    "-fno-trapping-math",
    "-ffp-contract=fast",
    "-shared",
    "-fPIC",
)
THREADS = "-fopenmp"
# Without jump threading a clamp is two instructions; else GCC makes many out of it.
FOR_GCC = "-fno-thread-jumps"
# The best first: the compiler's flags, and what /proc/cpuinfo must list.
KINDS = {
    "avx512-bf16": (
        ("-march=x86-64-v4", "-mavx512bf16"),
        ("avx512_bf16", "avx512vl", "avx512bw", "avx512dq"),
    ),
    "avx512": (("-march=x86-64-v4",), ("avx512f", "avx512vl", "avx512bw", "avx512dq", "avx512cd")),
    "avx2": (("-march=x86-64-v3",), ("avx2", "fma", "bmi2", "f16c")),
}


def compile_command(kind: str, folder: Path) -> list[str]:
    """The g++ command that makes the library of a kind in `folder`, for single precision."""
    source, target = SOURCES / "single.cpp", folder / f"recurrences-{kind}.so"
    return ["g++", *FLAGS, FOR_GCC, THREADS, *KINDS[kind][0], str(source), "-o", str(target)]


def prebuilt() -> Path | None:
    """The library for single precision that came with the package, for this processor; else None."""
    if sys.platform != "linux" or platform.machine() != "x86_64":
        return None
    has = set(described("flags").split())
    for kind, (_, needed) in KINDS.items():
        path = Path(__file__).parent / PREBUILT / f"recurrences-{kind}.so"
        if has.issuperset(needed) and path.exists():
            return path
    return None


def described(entry: str) -> str:
    """What Linux says of the first processor, such as `flags` or `vendor_id`; empty where it says nothing."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(errors="replace").splitlines() if info.exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(entry)), "")
