"""Shared fixtures. Real corpora and golden figures come from the environment; without it tests skip."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

# How long an example takes says more about the machine than about the code.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


def _folder(variable: str) -> Path:
    folder = os.environ.get(variable)
    if not folder or not Path(folder).is_dir():
        pytest.skip(f"{variable} names no folder")
    return Path(folder)


@pytest.fixture(scope="session")
def golden() -> Path:
    return _folder("ONLSTM_GOLDEN")


@pytest.fixture(scope="session")
def real_corpora() -> Path:
    return _folder("ONLSTM_CORPORA")


# What takes longest begins first: else one process is left with it at the end.
LONGEST = (
    "tests/test_documentation.py",
    "tests/training/test_team.py",
    "tests/experiments/test_induce.py",
    "tests/test_wheel.py",
    "tests/comparison/test_comparison.py",
    "tests/test_example_package.py",
)


def pytest_collection_modifyitems(items):
    order = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: order.get(item.nodeid.partition("::")[0], len(order)))


# Models this small gain nothing from threads, and lose much where the machine has other work.
os.environ["OMP_NUM_THREADS"] = "1"


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory) -> Path:
    """No test reads or fills the user's cache. The processes of one test run share one."""
    everything = tmp_path_factory.getbasetemp()
    folder = (everything.parent if "PYTEST_XDIST_WORKER" in os.environ else everything) / "cache"
    folder.mkdir(exist_ok=True)
    os.environ["ONLSTM_CACHE"] = str(folder)
    return folder


@pytest.fixture(scope="session")
def text_file(tmp_path_factory) -> Path:
    """400 sentences of raw English with punctuation and numbers."""
    subjects = ["The old dog", "A cat", "Three of 12,000 birds", "My neighbour's friend", "Nobody"]
    verbs = ["barked", "slept near the river", "did n't see 1.5 houses", "said that it rained"]
    ends = [".", ", and left.", "!", " on 3/4 of the days."]
    lines = [f"{s} {v}{e}" for s in subjects for v in verbs for e in ends] * 5
    path = tmp_path_factory.mktemp("text") / "text.txt"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def tiny() -> dict:
    """Settings of the smallest run: `train(..., **tiny)`."""
    return {
        "size": "tiny",
        "embedding": 8,
        "hidden": 16,
        "chunk": 4,
        "batch_size": 8,
        "bptt": 10,
        "epochs": 1,
    }


@pytest.fixture(scope="session")
def tiny_of(tiny):
    """`train(..., **tiny_of(model))`: the settings of the smallest run of any model."""
    from onlstm_parse.models import CATALOGUE, GRAMMAR

    def settings(model: str) -> dict:
        if CATALOGUE[model].kind != GRAMMAR:
            return {**tiny, "model": model}
        general = {name: value for name, value in tiny.items() if name not in ("hidden", "chunk")}
        return {**general, "model": model, "nonterminals": 5, "preterminals": 7}

    return settings


@pytest.fixture(scope="session")
def tiny_run(text_file, tiny, tmp_path_factory) -> Path:
    """A run folder of a hardly trained ON-LSTM; never write into it, copy it."""
    import onlstm_parse

    folder = tmp_path_factory.mktemp("runs") / "tiny"
    onlstm_parse.train([text_file], folder, **tiny)
    return folder
