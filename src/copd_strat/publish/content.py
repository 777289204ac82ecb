"""What a run depends on, as hashes: the run is resumed or refused by content, never by a file's existence."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from copd_strat.errors import InputError


@dataclass(frozen=True, kw_only=True)
class InputFile:
    """One file a run reads: path relative to its folder, size in bytes, SHA-256."""

    name: str
    bytes: int
    sha256: str


def sha256_of(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def inventory(folder: Path) -> tuple[InputFile, ...]:
    """Every file below ``folder`` (hidden ones left out), in the order of their names.

    InputError if the folder is not there or a file cannot be read.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder", fix="check 'extracts' in the configuration")
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    try:
        return tuple(_input_file(folder, path) for path in paths)
    except OSError as error:
        raise InputError(f"{error.filename}: cannot be read ({error.strerror})") from None


def file_states(folder: Path) -> dict[str, tuple[int, ...]]:
    """Path of every file below ``folder`` → device, inode, size and times; equal if nothing was written."""
    found: dict[str, tuple[int, ...]] = {}
    for path in folder.rglob("*"):
        if path.is_file() and not path.name.startswith("."):
            seen = path.stat()
            state = (seen.st_dev, seen.st_ino, seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns)
            found[path.relative_to(folder).as_posix()] = state
    return found


def _input_file(folder: Path, path: Path) -> InputFile:
    return InputFile(
        name=path.relative_to(folder).as_posix(), bytes=path.stat().st_size, sha256=sha256_of(path)
    )


@cache
def code_hash() -> str:
    """A hash of the installed package's own text: code, SQL, code lists, models and policies."""
    root = Path(str(files("copd_strat")))
    digest = hashlib.sha256()
    for path in sorted(
        path for path in root.rglob("*") if path.is_file() and "__pycache__" not in path.parts
    ):
        digest.update(path.relative_to(root).as_posix().encode())
        digest.update(sha256_of(path).encode())
    return digest.hexdigest()


def content_key(parts: dict[str, Any]) -> str:
    """One hash of everything in ``parts``: the same parts give the same key on every machine."""
    text = json.dumps(parts, sort_keys=True, default=_plain)
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: object) -> object:
    if isinstance(value, (date, Path)):
        return str(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    if isinstance(value, Iterable):
        return list(value)
    raise TypeError(f"cannot be part of a content key: {type(value).__name__}")
