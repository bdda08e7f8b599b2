"""`onlstm-parse serve [RUN...]`: a page to type sentences into."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Literal

import tyro
from tyro.conf import Positional


def serve(
    runs: Positional[tuple[str, ...]] = ("en", "zh"),
    host: str = "127.0.0.1",
    port: int = 8000,
    allow_host: tuple[str, ...] = (),
    device: Literal["auto", "cpu", "cuda"] = "cpu",
) -> None:
    """Show a page in the browser where the tree appears while a sentence is typed, until Ctrl-C.

    Several runs can be compared side by side. Requests are answered under the names localhost, 127.0.0.1,
    [::1] and --host; where --host is for the network, also under any address and the name of this machine.

    Args:
        runs: Run folders, or pretrained parsers.
        host: The address to listen on; others on the network can use the page only if you name another.
        port: The port to listen on; 0 takes a free one.
        allow_host: More names to answer under, such as that of a proxy before the page.
        device: Where to compute.
    """
    from onlstm_parse.errors import UsageError

    try:
        import uvicorn
    except ImportError:
        raise UsageError(
            "serve needs starlette and uvicorn", remedy="pip install 'onlstm-parse[serve]'"
        ) from None
    from onlstm_parse.parsers.base import load
    from onlstm_parse.server import application, bound

    if not runs:
        raise UsageError("no run given", remedy="name a run folder, or leave it out for en and zh")
    listening = bound(host, port)
    try:
        parsers = {_name(run, runs): load(run, device=device) for run in runs}
        place = listening.getsockname()
        print(f"open http://{f'[{host}]' if ':' in host else host}:{place[1]} (Ctrl-C ends)", file=sys.stderr)
        page = application(parsers, host=host, allowed=allow_host)
        settings = uvicorn.Config(page, log_level="warning", server_header=False)
        uvicorn.Server(settings).run(sockets=[listening])
    except KeyboardInterrupt:
        pass
    finally:
        listening.close()


def _name(run: str, runs: tuple[str, ...]) -> str:
    """The name of its folder, or the whole path where two have the same."""
    names = [Path(one).name for one in runs]
    return Path(run).name if names.count(Path(run).name) == 1 else run


def main(arguments: list[str]) -> None:
    tyro.cli(serve, prog="onlstm-parse serve", args=arguments)
