"""The files of an extract folder: listed and hashed once, and the very same files read to the end."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from copd_strat.errors import InputError
from copd_strat.extracts.delta_tables import CurrentFile, current_files, is_delta


@dataclass(frozen=True, kw_only=True)
class InputFile:
    """One file that a run reads: its name relative to its folder, size in bytes, SHA-256.

    ``identity`` is device, inode, size and times of last change, as they were before hashing. ``partition``: columns
    of a Delta table that do not stand in its files.
    """

    name: str
    bytes: int
    sha256: str
    path: Path
    identity: tuple[int, ...]
    partition: Mapping[str, Any] = field(default_factory=dict)

    @property
    def content(self) -> tuple[str, int, str]:
        """What of the file a result depends on: where and when it was written does not matter."""
        return (self.name, self.bytes, self.sha256)


def inventory(folder: Path) -> tuple[InputFile, ...]:
    """Every file below ``folder`` (hidden ones left out), in the order of their names, hashed.

    Of a Delta table these are its current version's and those of its log. InputError if the folder is not there, or
    if anything in it cannot be read: what is not seen here would pass for a table that was not sent.
    """
    with _reading(folder):
        return tuple(_input_file(root_of(folder), file) for file in _sorted_files(folder))


def files_of(folder: Path) -> list[CurrentFile]:
    """The files that ``inventory`` lists, not hashed; InputError as there."""
    with _reading(folder):
        return _sorted_files(folder)


@contextmanager
def _reading(folder: Path) -> Iterator[None]:
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder", fix="check 'extracts' in the configuration")
    try:
        yield
    except OSError as error:
        where = shown(error.filename or folder)
        raise InputError(f"{where}: cannot be read ({error.strerror})", fix="check its permissions") from None


def root_of(folder: Path) -> Path:
    """What the files of the source ``folder`` are named below: a source that is one Delta table has its name."""
    return folder.parent if is_delta(folder) else folder


def _sorted_files(folder: Path) -> list[CurrentFile]:
    return sorted(_files(folder), key=lambda file: file.path)


def _files(folder: Path) -> Iterator[CurrentFile]:
    """Files below ``folder``, through links to folders as well, each folder once; of Delta tables the current ones."""
    seen: set[tuple[int, int]] = set()
    for place, folders, names in os.walk(folder, onerror=_raise, followlinks=True):
        status = Path(place).stat()
        if (status.st_dev, status.st_ino) in seen:
            folders.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        if is_delta(Path(place)):
            folders.clear()
            yield from current_files(Path(place), shown(place))
            continue
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            if not name.startswith("."):
                yield CurrentFile(path=Path(place) / name)


def _raise(error: OSError) -> None:
    raise error


def _input_file(root: Path, file: CurrentFile) -> InputFile:
    path = file.path
    identity = _identity(path)  # before hashing: a later look tells whether the file changed meanwhile
    if not path.is_file():
        raise InputError(f"{shown(path)}: not a regular file", fix="take it out of the extract's folder")
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return InputFile(
        name=path.relative_to(root).as_posix(),
        bytes=path.stat().st_size,
        sha256=digest,
        path=path,
        identity=identity,
        partition=file.partition,
    )


def _identity(path: Path) -> tuple[int, ...]:
    status = path.stat()
    return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def require_unchanged(inputs: Iterable[InputFile]) -> None:
    """InputError if a file is no longer the one that was hashed; to be called after the last read."""
    for item in inputs:
        try:
            now = _identity(item.path)
        except OSError:
            now = ()
        if now != item.identity:
            what = "was changed" if now else "was taken away"
            raise InputError(
                f"{shown(item.path)}: {what} while the run was reading it; nothing is published",
                fix="run again when the delivery is complete",
            )


def shown(path: Path | str) -> str:
    """A path as text that can be printed: bytes that are not UTF-8 as ``\\xe9``."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")
