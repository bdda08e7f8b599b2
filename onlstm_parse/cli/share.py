"""`onlstm-parse share RUN FOLDER`: a run as others can use it."""

from __future__ import annotations

import sys
from pathlib import Path

import tyro
from tyro.conf import Positional


def share(
    run: Positional[Path],
    folder: Positional[Path],
    title: str | None = None,
    licence: str | None = None,
    language: str | None = None,
    address: str | None = None,
    notes: Path | None = None,
) -> None:
    """Write what a run parses with, and a model card, into a new folder, as model hubs expect it.

    Names of files and folders of this machine are left out. Give --address hf://OWNER/NAME if the folder goes
    to a hub: hf upload OWNER/NAME FOLDER

    Args:
        run: The run folder to share.
        folder: The folder to make.
        title: The name on the card; by default that of the new folder.
        licence: The licence, as hubs name it: cc-by-sa-4.0, mit.
        language: The code of the language: en, zh.
        address: What others load it by, for the card: hf://OWNER/NAME; by default the card names the folder.
        notes: A Markdown file for the end of the card: data, scores, limits.
    """
    from onlstm_parse.errors import OnlstmError
    from onlstm_parse.sharing import share

    try:
        text = "" if notes is None else notes.read_text(encoding="utf-8")
    except OSError as error:
        raise OnlstmError(f"cannot read: {error.strerror}", file=notes) from None
    made = share(run, folder, title=title, licence=licence, language=language, address=address, notes=text)
    print(f"shared in {made}", file=sys.stderr)


def main(arguments: list[str]) -> None:
    tyro.cli(share, prog="onlstm-parse share", args=arguments)
