"""A run as others can use it: a folder as model hubs expect it, with a card."""

from __future__ import annotations

from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

from onlstm_parse.errors import OnlstmError, UsageError
from onlstm_parse.files import folder_written_whole, written_whole
from onlstm_parse.models import AVERAGE, KINDS
from onlstm_parse.pretrained import HUB, PRETRAINED, SHARED_FILES
from onlstm_parse.runs import Run

CARD = "README.md"


def share(
    run: str | Path,
    folder: str | Path,
    *,
    title: str | None = None,
    licence: str | None = None,
    language: str | None = None,
    address: str | None = None,
    notes: str = "",
) -> Path:
    """Write what a run parses with, and a model card, into the new folder `folder`.

    Paths of the machine, and what is needed only to continue training, are left out. `licence` and `language`
    are codes as hubs know them (cc-by-sa-4.0, en); `notes` is Markdown for the end of the card. `address`,
    hf://OWNER/NAME, is what others will load the run by; by default the card names the folder. Raises
    OnlstmError where the folder exists, UsageError for a run that needs other runs, or another address.
    """
    loaded, target = Run.load(run), Path(folder)
    if loaded.config.kind == AVERAGE:
        raise UsageError(
            f"{run}: an average needs its members", remedy="distil it, and share the small parser"
        )
    if not KINDS[loaded.config.kind].parser:
        raise UsageError(f"{run}: a {loaded.config.kind} gives no trees", remedy="share a parser")
    if address and not (address.startswith(HUB) or address in PRETRAINED):
        raise UsageError(f"expected {HUB}OWNER/NAME as the address, found {address!r}")
    if target.exists():
        raise OnlstmError("exists already", file=target, remedy="choose another folder")
    name = target.resolve().name
    given = {"title": title or name, "licence": licence, "language": language, "notes": notes.strip()}
    card = _card(loaded, name=address or name, address=address, **given)
    with folder_written_whole(target) as new:
        new.chmod(0o755)  # for others too
        for name in SHARED_FILES:
            if name != CARD and (source := loaded.folder / name).exists():
                (new / name).write_bytes(source.read_bytes())
        replace(loaded.config, data=_without_places(loaded.config.data)).save(new)
        with written_whole(new / CARD) as file:
            file.write(card)
    return target


def _without_places(data: dict[str, Any]) -> dict[str, Any]:
    """Names of texts without the folders that they lie in; no reference to other runs."""
    valid = data.get("valid")
    return {
        **{name: value for name, value in data.items() if name != "teacher"},
        "text": [*dict.fromkeys(Path(text).name for text in data.get("text", []))],
        "valid": Path(valid).name if valid else None,
    }


def _card(run: Run, **given: str | None) -> str:
    from jinja2 import Environment, StrictUndefined

    template = files("onlstm_parse").joinpath("card.md").read_text(encoding="utf-8")
    facts = {
        **given,
        "config": run.config,
        "data": _without_places(run.config.data),
        "parameters": run.model.parameter_count(),
    }
    text = Environment(undefined=StrictUndefined, trim_blocks=False).from_string(template).render(facts)
    return text.rstrip() + "\n"
