"""The compiled recurrences of `csrc/`: from the wheel, or built once with the system's C++ compiler.

Importing compiles nothing. The first call of `library` does (seconds), unless the wheel has a library for
this processor. The result is kept in the cache folder, and later processes load it. Without a compiler it
warns once and returns None; callers then use plain PyTorch. What computes in float64 is a library of its own,
which few need and no wheel has.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import threading
import warnings
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

import torch
from torch import Tensor

from onlstm_parse.files import cache_folder
from onlstm_parse.ops.processors import FLAGS, FOR_GCC, SOURCES, THREADS, prebuilt
from onlstm_parse.processes import locked

COMPILERS = ("g++", "clang++", "c++")  # tried in this order, after the environment's CXX
NATIVE = "-march=native"
# Further flags; the first that a compiler takes are used. They are for GCC, for Clang, for Clang as it comes
# with macOS, which has no OpenMP (a call then has one thread), and for one that does not know this processor.
FORMS = ((FOR_GCC, THREADS, NATIVE), (THREADS, NATIVE), ("-fopenmp-simd", NATIVE), ("-fopenmp-simd",))
SUFFIXES = {torch.float64: "f64", torch.float32: "f32", torch.bfloat16: "bf16"}

_building = threading.Lock()


def library(dtype: torch.dtype = torch.float32) -> ctypes.CDLL | None:
    """The compiled functions for tensors of `dtype`; None, with one warning, if they cannot be built."""
    with _building:
        return _library("double" if dtype == torch.float64 else "single")


@cache
def _library(name: str) -> ctypes.CDLL | None:
    if name == "single" and (ready := prebuilt()):
        with suppress(OSError):  # a foreign C library, say
            return ctypes.CDLL(str(ready))
    compiler = find_compiler()
    if compiler is None:
        problem, remedy = "no C++ compiler was found", "install g++ or clang++, or name one in CXX"
    else:
        try:
            return ctypes.CDLL(str(_built(compiler, name)))
        except subprocess.CalledProcessError as error:
            lines = error.stderr.strip().splitlines() or [f"exit status {error.returncode}"]
            reason = next((line for line in lines if "error" in line), lines[0])
            problem, remedy = f"{compiler} failed: {reason}", "name another C++17 compiler in CXX"
        except (OSError, subprocess.TimeoutExpired) as error:
            problem, remedy = f"compiled recurrences cannot be kept or loaded: {error}", "set ONLSTM_CACHE"
    notice = f"{problem}; recurrences run in plain PyTorch, several times slower ({remedy})"
    warnings.warn(notice, stacklevel=3)
    return None


def call(function: str, dtype: torch.dtype, sizes: Sequence[int], tensors: Sequence[Tensor | None]) -> None:
    """Run a function that `library` exports for `dtype`. Tensors are in the order of its struct.

    Sizes begin with steps and rows; the number of threads is inserted after these.
    """
    found = library(dtype)
    assert found is not None  # the caller has checked
    steps, rows, *others = sizes
    numbers = (ctypes.c_long * (len(sizes) + 1))(steps, rows, torch.get_num_threads(), *others)
    pointers = [None if tensor is None else tensor.data_ptr() for tensor in tensors]
    found[f"{function}_{SUFFIXES[dtype]}"](numbers, (ctypes.c_void_p * len(pointers))(*pointers))


def compute_type(x: Tensor) -> torch.dtype:
    """The type of products on x: that of autocast if it is on, else that of x."""
    kind = x.device.type
    return torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else x.dtype


def compiled_type(x: Tensor) -> torch.dtype | None:
    """The type in which the compiled functions take x; None if they cannot.

    On a processor without bf16 products it is fp32 instead: faster there, and more exact.
    """
    if x.device.type != "cpu" or x.dtype not in (torch.float32, torch.float64):
        return None
    found = library(x.dtype)
    if found is None:
        return None
    return torch.bfloat16 if compute_type(x) == torch.bfloat16 and found.has_bf16() else x.dtype


def find_compiler() -> str | None:
    """CXX, or the first of COMPILERS on the PATH."""
    names = (os.environ["CXX"],) if os.environ.get("CXX") else COMPILERS
    return next((path for name in names if (path := shutil.which(name))), None)


def _built(compiler: str, name: str) -> Path:
    """The file of a shared library. One process compiles it, others wait; it is renamed when whole."""
    target = cache_folder() / "native" / f"{name}-{_fingerprint(compiler)}.so"
    if target.exists():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with locked(target.with_suffix(".lock")):
        if not target.exists():
            with tempfile.TemporaryDirectory(dir=target.parent) as folder:
                fresh = Path(folder) / target.name
                _compile(compiler, SOURCES / f"{name}.cpp", fresh)
                fresh.replace(target)
    return target


def _compile(compiler: str, source: Path, target: Path) -> None:
    """Raises CalledProcessError where no form of the command succeeds."""
    for form in (forms := _forms()):
        command = [compiler, *FLAGS, *form, str(source), "-o", str(target)]
        done = subprocess.run(command, check=form == forms[-1], capture_output=True, text=True, timeout=300)
        if done.returncode == 0:
            return


def _forms() -> Sequence[Sequence[str]]:
    """`FORMS` that suit this system: on macOS PyTorch's OpenMP bears no second one in its process."""
    return [form for form in FORMS if THREADS not in form] if sys.platform == "darwin" else FORMS


def _fingerprint(compiler: str) -> str:
    """A hash of all that a library depends on: sources, flags, compiler, processor."""
    version = subprocess.run([compiler, "--version"], check=True, capture_output=True, timeout=60).stdout
    parts = [path.read_bytes() for path in sorted(SOURCES.iterdir())]
    parts += [repr((FLAGS, _forms())).encode(), compiler.encode(), version, _processor().encode()]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]


def _processor() -> str:
    """What -march=native depends on: the instruction sets, if the system lists them."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(errors="replace").splitlines() if info.exists() else []
    kinds = ("model name", "flags", "Features")
    listed = {line for line in lines if line.startswith(kinds)}
    return "\n".join([platform.machine(), platform.processor(), *sorted(listed)])
