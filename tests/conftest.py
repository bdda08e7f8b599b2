"""Shared fixtures. Real corpora and golden figures are found through the environment, else skipped visibly."""

import os
from pathlib import Path

import pytest


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
