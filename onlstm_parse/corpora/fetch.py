"""Get a corpus: download its files, unpack them, check them, and put them into the cache in one step.

Downloads wait in `.NAME.download` beside the corpus, so that an interrupted fetch can continue. The folder
NAME appears only when everything is there. If the catalogue has no checksum, the first fetch records one in
`NAME.sha256`.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import zipfile
import zlib
from collections.abc import Callable
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from onlstm_parse.corpora.catalogue import Corpus, Remote, corpora_cache
from onlstm_parse.corpora.download import GOES_ON, Progress, download
from onlstm_parse.errors import FormatError, UsageError
from onlstm_parse.files import writing, written_whole

_SECTION = re.compile(r"## (\w+)")
_DOCUMENT = re.compile(r"\* (GUM_(?!reddit)\w+)")  # reddit's words are not in the trees
_CONLLU_WORD = re.compile(r"^\d+\t([^\t]+)", re.MULTILINE)
Get = Callable[[Remote], Path]


def fetch(
    corpus: Corpus, again: bool = False, progress: Progress = lambda done, total: None
) -> tuple[Path, str | None]:
    """Fetch a corpus. Returns its folder in the cache, and a warning if its content has changed since the
    first fetch.

    Raises UsageError for a corpus that cannot be fetched, OnlstmError and FormatError as `download` does, and
    for an unsafe archive or content that does not fit the catalogue.
    """
    if not corpus.remotes:
        remedy = "it is made on first use" if corpus.grammar else "see onlstm-parse corpora list"
        raise UsageError(f"{corpus.name} cannot be fetched", remedy=remedy)
    target = corpora_cache() / corpus.name
    if target.is_dir() and not again:
        return target, None
    downloads = target.with_name(f".{corpus.name}.download")
    fresh = downloads / "new"

    def get(remote: Remote) -> Path:
        file = downloads / remote.url.removeprefix("https://").replace("/", "-")
        if not file.exists():
            download(remote.url, file, remote.digest, progress)
        return file

    with writing(target, f"make room and {GOES_ON}"):
        try:
            shutil.rmtree(fresh, ignore_errors=True)
            fresh.mkdir(parents=True)
            for remote in corpus.remotes:
                UNPACK[remote.unpack](get(remote), remote, fresh, get)
            warning = _checked(corpus, fresh)
        except (FormatError, zipfile.BadZipFile, zlib.error, UnicodeDecodeError) as error:
            shutil.rmtree(downloads)
            problem = f"{corpus.name} is not as expected: {error}"
            remedy = "nothing was kept; try again, or another ONLSTM_MIRROR"
            raise FormatError(problem, remedy=remedy) from error
        shutil.rmtree(target, ignore_errors=True)
        fresh.replace(target)
        shutil.rmtree(downloads, ignore_errors=True)
    return target, warning


def content_digest(folder: Path, globs: tuple[str, ...]) -> str:
    """SHA-256 over the names and contents of the data files, in order of name."""
    files = {path.relative_to(folder).as_posix(): path for pattern in globs for path in folder.glob(pattern)}
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(f"{name}\0".encode() + hashlib.sha256(files[name].read_bytes()).digest())
    return digest.hexdigest()


def _checked(corpus: Corpus, folder: Path) -> str | None:
    for pattern in corpus.globs:
        if not any(path.stat().st_size for path in folder.glob(pattern)):
            raise FormatError(f"expected {pattern}, found nothing")
    found = content_digest(folder, corpus.globs)
    if corpus.sha256 and found != corpus.sha256:
        raise FormatError(f"expected data with sha256 {corpus.sha256}, found {found}")
    record = corpora_cache() / f"{corpus.name}.sha256"
    before = record.read_text(encoding="ascii").strip() if record.exists() else found
    with written_whole(record) as file:
        file.write(f"{found}\n")
    return None if before == found else f"{corpus.name} has changed since it was first fetched (was {before})"


# -- how a download becomes files of the corpus --------------------------------


def _plain(file: Path, remote: Remote, folder: Path, get: Get) -> None:
    (folder / remote.save).parent.mkdir(exist_ok=True)
    shutil.copyfile(file, folder / remote.save)


def _zip(file: Path, remote: Remote, folder: Path, get: Get) -> None:
    """The wanted members, without their folders. Raises FormatError for an archive with a path outside
    itself.
    """
    with zipfile.ZipFile(file) as archive:
        for member in archive.namelist():
            path = PurePosixPath(member.replace("\\", "/"))
            if path.is_absolute() or ".." in path.parts:
                raise FormatError(f"unsafe archive, it would write to {member!r}")
            if any(fnmatchcase(member, pattern) for pattern in remote.members.split()):
                (folder / path.name).write_bytes(archive.read(member))


def _conllu(file: Path, remote: Remote, folder: Path, get: Get) -> None:
    """The words of each sentence on a line."""
    sentences = file.read_text(encoding="utf-8").split("\n\n")
    lines = [_CONLLU_WORD.findall(sentence) for sentence in sentences]
    text = "".join(" ".join(word.replace(" ", "") for word in line) + "\n" for line in lines if line)
    (folder / remote.save).write_text(text, encoding="utf-8")


def _gum(file: Path, remote: Remote, folder: Path, get: Get) -> None:
    """The list of splits names the documents of train and dev. Each document is a file."""
    section = ""
    for line in file.read_text(encoding="utf-8").splitlines():
        if heading := _SECTION.match(line):
            section = heading[1]
        elif section in ("train", "dev") and (match := _DOCUMENT.fullmatch(line.strip())):
            url = f"{remote.url.rpartition('/')[0]}/const/{match[1]}.ptb"
            document = Remote(url, f"{section}/{match[1]}.ptb")
            _plain(get(document), document, folder, get)


UNPACK = {"plain": _plain, "zip": _zip, "conllu": _conllu, "gum": _gum}
