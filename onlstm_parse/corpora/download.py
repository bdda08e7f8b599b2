"""One file over HTTP: resumed after a break, tried again, checked.

What has come so far lies in `NAME.part`, and in `NAME.part.etag` the mark by which
the server tells whether the file is still the same (If-Range); without one, or when
the server ignores Range, the download starts again. ONLSTM_MIRROR, an address,
takes the place of `https://` in every URL.
"""

from __future__ import annotations

import hashlib
import http.client
import os
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from onlstm_parse.errors import FormatError, OnlstmError, UsageError
from onlstm_parse.version import VERSION

ATTEMPTS = 4
FIRST_WAIT = 1.0  # seconds before the second attempt; doubled each time
TIMEOUT = 30.0  # seconds without a byte
BLOCK = 1 << 16
TRANSIENT = {408, 425, 429, 500, 502, 503, 504}
Progress = Callable[[int, int | None], object]
"""Called with the bytes that are there and the bytes in all, where the server says."""


class BrokenTransferError(Exception):
    """The network failed in a way that another attempt may mend."""


def download(
    url: str, target: Path, digest: str | None = None, progress: Progress = lambda done, total: None
) -> None:
    """Bring `url` to `target`, which appears whole and, where `digest` is given, checked.

    Raises OnlstmError when the server cannot be reached, has no such file, or the disk refuses;
    FormatError when the digest differs: then nothing is kept.
    """
    part = target.with_name(f"{target.name}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _transfer_patiently(_mirrored(url), part, progress)
        if digest and (found := file_digest(part, digest)) != digest:
            _forget(part)
            raise FormatError(f"expected {digest}, found {found} at {url}")
        part.replace(target)
        _mark(part).unlink(missing_ok=True)
    except OSError as error:
        remedy = "make room and run the same command again; it goes on where it stopped"
        raise OnlstmError(f"cannot write: {error.strerror or error}", file=target, remedy=remedy) from error


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
                remedy = "check the network and run the same command again; it goes on where it stopped"
                raise OnlstmError(f"cannot download {url}: {error}", remedy=remedy) from error
            time.sleep(FIRST_WAIT * 2**attempt)


def _transfer(url: str, part: Path, progress: Progress) -> None:
    mark = _mark(part)
    done = part.stat().st_size if part.exists() and mark.exists() else 0
    headers = {"User-Agent": f"onlstm-parse/{VERSION}", "Accept-Encoding": "identity"}
    if done:
        headers |= {"Range": f"bytes={done}-", "If-Range": mark.read_text(encoding="ascii")}
    with _opened(urllib.request.Request(url, headers=headers), part) as answer:
        sent_from, total = _extent(answer)
        if sent_from not in (0, done):  # not what was asked for
            _forget(part)
            raise BrokenTransferError(f"the server sent bytes from {sent_from}, not from {done}")
        _remember(mark, answer.headers.get("ETag"))
        with part.open("ab" if sent_from else "wb") as file:
            done = sent_from
            for block in _blocks(answer):
                file.write(block)
                done += len(block)
                progress(done, total)
    if total is not None and done != total:
        raise BrokenTransferError(f"the connection broke after {done} of {total} bytes")


def _opened(request: urllib.request.Request, part: Path) -> Any:
    try:
        return urllib.request.urlopen(request, timeout=TIMEOUT)
    except urllib.error.HTTPError as error:
        if error.code == 416:  # what lies here is no beginning of that file
            _forget(part)
            raise BrokenTransferError("the server cannot go on where the download stopped") from error
        if error.code in TRANSIENT:
            raise BrokenTransferError(f"HTTP {error.code} {error.reason}") from error
        remedy = "it may have moved; name a mirror in ONLSTM_MIRROR"
        problem = f"the server does not give out {request.full_url}: HTTP {error.code} {error.reason}"
        raise OnlstmError(problem, remedy=remedy) from error
    except urllib.error.URLError as error:
        raise BrokenTransferError(f"no connection ({_reason(error.reason)})") from error
    except (OSError, http.client.HTTPException) as error:
        raise BrokenTransferError(_reason(error)) from error


def _blocks(answer: Any) -> Iterator[bytes]:
    """The body; failures of the network are told apart from those of the disk."""
    while True:
        try:
            block = answer.read(BLOCK)
        except (OSError, http.client.HTTPException) as error:
            raise BrokenTransferError(_reason(error)) from error
        if not block:
            return
        yield block


def _extent(answer: Any) -> tuple[int, int | None]:
    """The first byte that the answer holds, and the size of the whole file."""
    if answer.status == 206 and (
        match := re.match(r"bytes (\d+)-\d+/(\d+)", answer.headers["Content-Range"])
    ):
        return int(match[1]), int(match[2])
    length = answer.headers.get("Content-Length")
    return 0, int(length) if length else None


def _remember(mark: Path, etag: str | None) -> None:
    """Only a strong mark promises the same bytes."""
    if etag and not etag.startswith("W/"):
        mark.write_text(etag, encoding="ascii")
    else:
        mark.unlink(missing_ok=True)


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


def _reason(error: Any) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
