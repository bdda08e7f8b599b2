"""`onlstm-parse doctor`: what this machine has, what falls back to something slower, and why."""

from __future__ import annotations

import importlib.util
import os
import platform
import sys
import warnings
from collections.abc import Iterator
from importlib import metadata
from typing import NamedTuple

import tyro
from tyro.conf import FlagCreatePairsOff

from onlstm_parse.processes import cores
from onlstm_parse.version import VERSION

PACKAGES = ("torch", "numpy", "nltk", "jieba", "opencc", "sentencepiece", "zstandard", "safetensors")
EXTRAS = {
    "arrow": ("pyarrow",),
    "remote": ("fsspec",),
    "plot": ("matplotlib",),
    "serve": ("starlette", "uvicorn"),
    "hub": ("huggingface_hub",),
    "spacy": ("spacy",),
    "tensorboard": ("tensorboard",),
    "ray": ("ray", "pyarrow"),
    "gpu": ("triton",),
}


class Finding(NamedTuple):
    """A fact about the machine; `remedy` says what to do where something is missing or slow."""

    topic: str
    found: str
    remedy: str = ""


def doctor(json: FlagCreatePairsOff[bool] = False) -> None:
    """Show versions, processor, compiler, precision, GPU, extras and corpora, and what falls back and why.

    Args:
        json: Print a JSON list instead of a table.
    """
    from json import dumps

    from onlstm_parse.display.tables import plain_table

    findings = list(examined())
    if json:
        print(dumps([finding._asdict() for finding in findings], ensure_ascii=False, indent=2))
        return
    print(plain_table([[finding.topic, finding.found] for finding in findings], "left"))
    for finding in findings:
        if finding.remedy:
            print(f"- {finding.topic}: {finding.remedy}")


def examined() -> Iterator[Finding]:
    yield Finding("onlstm-parse", VERSION)
    yield Finding("Python", f"{sys.version.split()[0]} on {platform.platform()}")
    for name in PACKAGES:
        yield Finding(name, metadata.version(name))
    yield from _processor()
    yield _gpu()
    for extra, modules in EXTRAS.items():
        missing = [module for module in modules if importlib.util.find_spec(module) is None]
        remedy = f"pip install 'onlstm-parse[{extra}]'" if missing and extra != "gpu" else ""
        yield Finding(f"extra {extra}", f"lacks {', '.join(missing)}" if missing else "installed", remedy)
    yield from _corpora()


def _processor() -> Iterator[Finding]:
    import torch

    from onlstm_parse.ops import native
    from onlstm_parse.ops.precision import choose_precision

    capability = torch.backends.cpu.get_cpu_capability()
    yield Finding(
        "processor", f"{cores()} cores for this process, {torch.get_num_threads()} threads, {capability}"
    )
    precision = choose_precision("auto", torch.device("cpu"))
    slow = "this processor is no faster with bf16; one that is trains up to twice as fast"
    yield Finding("precision", precision, "" if precision == "bf16" else slow)
    yield Finding("compiler", native.find_compiler() or "none")
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        library = native.library()
    where = getattr(library, "_name", "none: plain PyTorch")
    yield Finding(
        "recurrences", f"compiled: {where}" if library else where, str(told[0].message) if told else ""
    )


def _gpu() -> Finding:
    import torch

    if not torch.cuda.is_available():
        return Finding("GPU", "none that torch can use; the CPU does all work")
    return Finding("GPU", ", ".join(torch.cuda.get_device_name(k) for k in range(torch.cuda.device_count())))


def _corpora() -> Iterator[Finding]:
    from onlstm_parse.corpora import CORPORA

    named = os.environ.get("ONLSTM_CORPORA")
    yield Finding("ONLSTM_CORPORA", named or "not set")
    there = [corpus.name for corpus in CORPORA.values() if corpus.grammar or corpus.folder()]
    yield Finding("corpora", ", ".join(there), "" if named else "see onlstm-parse corpora list")


def main(arguments: list[str]) -> None:
    tyro.cli(doctor, prog="onlstm-parse doctor", args=arguments)
