"""The files of an extract folder: listed and hashed once, and the very same files read to the end."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from copd_strat.errors import InputError
from copd_strat.extracts.delta_tables import CurrentFile, current_files, is_delta
from copd_strat.file_permissions import walked


class FolderIdentity(NamedTuple):
    """Device and inode of a folder, when its entries last changed, and when anything of it did (nanoseconds)."""

    device: int
    inode: int
    entries: int
    changed: int

    def was_moved(self, now: FolderIdentity) -> bool:
        """Whether it was moved away since, be it back again, or its rights were changed.

        A file that is added sets both times, and does no harm; a folder that is renamed keeps that of its entries.
        """
        same = (self.device, self.inode) == (now.device, now.inode)
        return not same or now.changed not in (self.changed, now.entries)


@dataclass(frozen=True, kw_only=True)
class InputFile:
    """One file that a run reads: its name relative to its folder, size in bytes, SHA-256.

    ``path`` is where it really lies: a link that leads elsewhere later is not followed. ``identity`` is device,
    inode, size and times of last change, as they were before hashing, and ``above`` the same of every folder that it
    lies in. ``partition``: columns of a Delta table that do not stand in its files.
    """

    name: str
    bytes: int
    sha256: str
    path: Path
    identity: tuple[int, ...]
    above: tuple[FolderIdentity, ...]
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
        root = root_of(folder)
        return tuple(
            _input_file(file, file.path.relative_to(root).as_posix()) for file in _sorted_files(folder)
        )


def files_of(folder: Path) -> list[CurrentFile]:
    """The files that ``inventory`` lists, not hashed; InputError as there."""
    with _reading(folder):
        return _sorted_files(folder)


@contextmanager
def _reading(folder: Path) -> Iterator[None]:
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder", fix="check its path in the configuration")
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
    """Files below ``folder``; of Delta tables the current ones."""
    tables: list[Path] = []
    for place, inside in walked(folder, _raise):
        if any(place.is_relative_to(table) for table in tables):
            continue  # the table has said which of its files count
        if is_delta(place):
            tables.append(place)
            yield from current_files(place, shown(place))
        else:
            yield from (CurrentFile(path=path) for path in inside)


def single_file(path: Path) -> InputFile:
    """One file, hashed; InputError if it cannot be read."""
    try:
        return _input_file(CurrentFile(path=path), path.name)
    except OSError as error:
        raise InputError(f"{shown(path)}: cannot be read ({error.strerror})", fix="check its path") from None


def _raise(error: OSError) -> None:
    raise error


def _input_file(file: CurrentFile, name: str) -> InputFile:
    path = file.path
    identity = _identity(path)  # before hashing: a later look tells whether the file changed meanwhile
    if not path.is_file():
        raise InputError(f"{shown(path)}: not a regular file", fix="take it out of its folder")
    real = path.resolve()
    above = _folders_above(real)
    with real.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return InputFile(
        name=name,
        bytes=real.stat().st_size,
        sha256=digest,
        path=real,
        identity=identity,
        above=above,
        partition=file.partition,
    )


def _identity(path: Path) -> tuple[int, ...]:
    status = path.stat()
    return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def _folders_above(path: Path) -> tuple[FolderIdentity, ...]:
    """The folders that ``path`` lies in, the innermost first."""
    found = (folder.stat() for folder in path.parents)
    return tuple(FolderIdentity(at.st_dev, at.st_ino, at.st_mtime_ns, at.st_ctime_ns) for at in found)


def require_unchanged(inputs: Iterable[InputFile]) -> None:
    """InputError if a file is no longer the one that was hashed, or was another meanwhile; to be called after the
    last read."""
    for item in inputs:
        try:
            now, above = _identity(item.path), _folders_above(item.path)
        except OSError:
            raise _changed(item.path, "was taken away") from None
        if now != item.identity:
            raise _changed(item.path, "was changed")
        for folder, before, after in zip(item.path.parents, item.above, above, strict=True):
            if before.was_moved(after):
                raise _changed(folder, "the folder was moved, or its rights were changed,")


def _changed(path: Path, what: str) -> InputError:
    return InputError(
        f"{shown(path)}: {what} while the run was reading it; nothing is published",
        fix="run again when the delivery is complete",
    )


def shown(path: Path | str) -> str:
    """A path as text that can be printed: bytes that are not UTF-8 as ``\\xe9``."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")
