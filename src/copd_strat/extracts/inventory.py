"""The files of an extract folder: listed and hashed once, and the very same files read to the end."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from copd_strat.errors import InputError
from copd_strat.file_permissions import walked


@dataclass(frozen=True, kw_only=True)
class InputFile:
    """One file that a run reads: its name relative to its folder, size in bytes, SHA-256.

    ``path`` is where it really lies: a link that leads elsewhere later is not followed. ``identity`` is device,
    inode, size and times of last change, as they were before hashing.
    """

    name: str
    bytes: int
    sha256: str
    path: Path
    identity: tuple[int, ...]

    @property
    def content(self) -> tuple[str, int, str]:
        """What of the file a result depends on: where and when it was written does not matter."""
        return (self.name, self.bytes, self.sha256)


def inventory(folder: Path) -> tuple[InputFile, ...]:
    """Every file below ``folder`` (hidden ones left out), in the order of their names, hashed.

    InputError if the folder is not there, or if anything in it cannot be read: what is not seen here would
    pass for a table that was not sent.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder", fix="check its path in the configuration")
    try:
        files = sorted(path for _, inside in walked(folder, _raise) for path in inside)
        return tuple(_input_file(path, path.relative_to(folder).as_posix()) for path in files)
    except OSError as error:
        where = shown(error.filename or folder)
        raise InputError(f"{where}: cannot be read ({error.strerror})", fix="check its permissions") from None


def single_file(path: Path) -> InputFile:
    """One file, hashed; InputError if it cannot be read."""
    try:
        return _input_file(path, path.name)
    except OSError as error:
        raise InputError(f"{shown(path)}: cannot be read ({error.strerror})", fix="check its path") from None


def _raise(error: OSError) -> None:
    raise error


def _input_file(path: Path, name: str) -> InputFile:
    identity = _identity(path)  # before hashing: a later look tells whether the file changed meanwhile
    if not path.is_file():
        raise InputError(f"{shown(path)}: not a regular file", fix="take it out of its folder")
    real = path.resolve()
    with real.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return InputFile(
        name=name,
        bytes=real.stat().st_size,
        sha256=digest,
        path=real,
        identity=identity,
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
