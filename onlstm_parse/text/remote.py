"""Files elsewhere: s3://BUCKET/FILE, hf://datasets/OWNER/NAME/FILE, https://... through fsspec."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from os import PathLike
from typing import Any, BinaryIO, cast

from onlstm_parse.errors import OnlstmError, UsageError

MARK = "://"


@dataclass(frozen=True, order=True)
class Remote(PathLike[str]):
    """What reading needs of a path, for an address."""

    address: str

    def __fspath__(self) -> str:
        return self.address

    def __str__(self) -> str:
        return self.address

    @contextmanager
    def open(self, mode: str = "rb") -> Iterator[BinaryIO]:
        """The file as bytes. Raises OnlstmError if it cannot be read, now or later."""
        with self._reached() as (files, path), files.open(path, mode) as stream:
            yield cast(BinaryIO, io.BufferedReader(stream))

    def listed(self, endings: Sequence[str]) -> list[Remote]:
        """The file itself, the files of a folder that end so, or those that a pattern fits; in order.

        Raises OnlstmError if the address cannot be reached.
        """
        with self._reached() as (files, path):
            if files.isdir(path):
                found = [one for one in files.find(path, maxdepth=1) if one.endswith(tuple(endings))]
            else:
                found = files.glob(path) if any(mark in path for mark in "*?[") else [path]
            return sorted(Remote(files.unstrip_protocol(one)) for one in found)

    def size(self) -> int:
        """In bytes; 0 if unknown."""
        with self._reached() as (files, path):
            return files.size(path) or 0

    def identity(self) -> str:
        """A hash of what the server tells of the file: another version of it has another one."""
        with self._reached() as (files, path):
            facts = json.dumps([self.address, files.ukey(path)])
            return hashlib.blake2b(facts.encode()).hexdigest()

    @contextmanager
    def _reached(self) -> Iterator[tuple[Any, str]]:
        kind = self.address.partition(MARK)[0]
        try:
            import fsspec
        except ImportError:
            raise UsageError(
                f"{self.address}: fsspec is not installed", remedy="pip install 'onlstm-parse[remote]'"
            ) from None
        try:
            yield fsspec.core.url_to_fs(self.address)
        except OnlstmError:
            raise
        except FileNotFoundError as error:
            remedy = "check the address"
            raise OnlstmError("no such file", file=self.address, remedy=remedy) from error
        except ImportError as error:  # says which package to install
            raise UsageError(
                f"{self.address}: {kind}{MARK} needs another package", remedy=str(error)
            ) from error
        except Exception as error:  # every kind of file system has errors of its own
            reason = str(error) or type(error).__name__
            remedy = "check the address and your credentials for it"
            raise OnlstmError(f"cannot read: {reason}", file=self.address, remedy=remedy) from error
