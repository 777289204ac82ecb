"""What a run depends on, as hashes: the run is resumed or refused by content, never by a file's existence."""

from __future__ import annotations

import dataclasses
import errno
import hashlib
import json
from collections.abc import Iterable
from datetime import date
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any


def sha256_of(path: Path) -> str:
    """A file's hash; OSError for anything else that has the name, such as a pipe that never ends."""
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


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
