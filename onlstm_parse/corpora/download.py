"""Download one file over HTTP: resume after a break, try again, check.

Unfinished content is in `NAME.part`. `NAME.part.etag` holds the server's mark of the version (If-Range). The
download starts again if there is no mark, or if the server ignores Range. The address in ONLSTM_MIRROR
replaces `https://` in every URL.
"""

from __future__ import annotations

import hashlib
import http.client
import os
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from onlstm_parse.errors import FormatError, OnlstmError, UsageError
from onlstm_parse.files import writing
from onlstm_parse.version import VERSION

ATTEMPTS = 4
FIRST_WAIT = 1.0  # seconds before the second attempt; doubled each time
TIMEOUT = 30.0  # seconds without a byte
BLOCK = 1 << 16
GOES_ON = "run the same command again; it goes on where it stopped"
TRANSIENT = {408, 425, 429, 500, 502, 503, 504}
Progress = Callable[[int, int | None], object]
"""Called with the number of bytes so far and, if the server says it, in all."""


class BrokenTransferError(Exception):
    """The network failed in a way that another attempt may solve."""


def download(
    url: str, target: Path, digest: str | None = None, progress: Progress = lambda done, total: None
) -> None:
    """Download `url` to `target`, which appears only when it is complete and fits `digest`.

    Raises OnlstmError if the server cannot be reached, has no such file, or the disk cannot be written.
    Raises FormatError if the digest differs; then nothing is kept.
    """
    part = target.with_name(f"{target.name}.part")
    with writing(target, f"make room and {GOES_ON}"):
        target.parent.mkdir(parents=True, exist_ok=True)
        _transfer_patiently(_mirrored(url), part, progress)
        if digest and (found := file_digest(part, digest)) != digest:
            _forget(part)
            raise FormatError(f"expected {digest}, found {found} at {url}")
        part.replace(target)
        _mark(part).unlink(missing_ok=True)


def file_digest(path: Path, like: str) -> str:
    """The digest of a file, by the algorithm that `like` names before its colon."""
    algorithm = like.partition(":")[0]
    with path.open("rb") as file:
        return f"{algorithm}:{hashlib.file_digest(file, algorithm).hexdigest()}"


def _transfer_patiently(url: str, part: Path, progress: Progress) -> None:
    for attempt in range(ATTEMPTS):
        try:
            return _transfer(url, part, progress)
        except BrokenTransferError as error:
            if attempt == ATTEMPTS - 1:
                remedy = f"check the network and {GOES_ON}"
                raise OnlstmError(f"cannot download {url}: {error}", remedy=remedy) from error
            time.sleep(FIRST_WAIT * 2**attempt)


def _transfer(url: str, part: Path, progress: Progress) -> None:
    mark = _mark(part)
    done = part.stat().st_size if part.exists() and mark.exists() else 0
    headers = {"User-Agent": f"onlstm-parse/{VERSION}", "Accept-Encoding": "identity"}
    if done:
        headers |= {"Range": f"bytes={done}-", "If-Range": mark.read_text(encoding="ascii")}
    with _opened(urllib.request.Request(url, headers=headers), part) as answer:
        if answer.status != 206:  # the whole file, from its beginning
            done = 0
        length, etag = answer.headers["Content-Length"], answer.headers["ETag"]
        total = done + int(length) if length else None
        mark.unlink(missing_ok=True)
        if etag and not etag.startswith("W/"):  # only a strong mark guarantees the same bytes
            mark.write_text(etag, encoding="ascii")
        with part.open("ab" if done else "wb") as file:
            while block := _of_network(answer.read, BLOCK):
                file.write(block)
                done += len(block)
                progress(done, total)
    if total is not None and done != total:
        raise BrokenTransferError(f"the connection broke after {done} of {total} bytes")


def _opened(request: urllib.request.Request, part: Path) -> Any:
    try:
        return _of_network(urllib.request.urlopen, request, timeout=TIMEOUT)
    except urllib.error.HTTPError as error:
        if error.code == 416:  # the part that is here does not belong to that file
            _forget(part)
        if error.code in {416, *TRANSIENT}:
            raise BrokenTransferError(f"HTTP {error.code} {error.reason}") from error
        problem = f"the server refuses {request.full_url}: HTTP {error.code} {error.reason}"
        raise OnlstmError(problem, remedy="it may have moved; name a mirror in ONLSTM_MIRROR") from error


def _of_network(call: Callable[..., Any], *arguments: Any, **settings: Any) -> Any:
    """Return `call()`; network failures become BrokenTransferError, disk failures stay OSError."""
    try:
        return call(*arguments, **settings)
    except urllib.error.HTTPError:
        raise
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)  # URLError wraps another
        reason = getattr(reason, "strerror", None) or str(reason) or type(reason).__name__
        raise BrokenTransferError(f"no connection ({reason})") from error


def _forget(part: Path) -> None:
    part.unlink(missing_ok=True)
    _mark(part).unlink(missing_ok=True)


def _mark(part: Path) -> Path:
    return part.with_name(f"{part.name}.etag")


def _mirrored(url: str) -> str:
    mirror = os.environ.get("ONLSTM_MIRROR")
    if not mirror:
        return url
    if not mirror.startswith(("https://", "http://")):
        raise UsageError(f"ONLSTM_MIRROR: expected https://..., found {mirror!r}")
    return f"{mirror.rstrip('/')}/{url.removeprefix('https://')}"
