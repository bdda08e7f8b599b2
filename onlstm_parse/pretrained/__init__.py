"""Parsers by name: those that come with the package, a run folder each, and those on a hub."""

from __future__ import annotations

import os
from pathlib import Path

from onlstm_parse.errors import OnlstmError, UsageError

PRETRAINED = {"en": "English", "zh": "Chinese, both scripts"}
HUB = "hf://"
# What a run parses with, and its card. Nothing else is fetched.
SHARED_FILES = ("config.json", "model.safetensors", "vocabulary.json", "tokeniser.model", "README.md")


def locate_run(name: str | os.PathLike[str]) -> Path:
    """The run folder of a path, of a pretrained parser, or of "hf://owner/name[@revision]".

    An existing path wins. Raises OnlstmError where the hub cannot give it.
    """
    name = os.fspath(name)
    if name.startswith(HUB):
        return _fetched(name.removeprefix(HUB))
    if name in PRETRAINED and not Path(name).exists():
        return Path(__file__).parent / name
    return Path(name)


def lasting_run(name: str) -> str:
    """An absolute path for a path, the same name for what has one: valid in any working folder."""
    return name if name.startswith(HUB) or not Path(name).exists() else str(Path(name).absolute())


def _fetched(name: str) -> Path:
    """The folder in huggingface_hub's cache; fetched where it is not there or has changed."""
    try:
        from huggingface_hub import snapshot_download
    except ImportError:
        raise UsageError(
            f"{HUB}{name}: huggingface_hub is not installed", remedy="pip install 'onlstm-parse[hub]'"
        ) from None
    repository, _, revision = name.partition("@")
    try:
        return Path(
            snapshot_download(repository, revision=revision or None, allow_patterns=list(SHARED_FILES))
        )
    except (OSError, ValueError) as error:  # what all of the hub's errors are
        reason = str(error).strip().split("\n")[0] or type(error).__name__
        raise OnlstmError(
            f"{HUB}{name}: the hub does not give it: {reason}", remedy="check the name and the network"
        ) from error
