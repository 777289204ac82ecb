"""The manifest: every input, every count and every published file of a run, with hashes."""

from __future__ import annotations

import hashlib
import json
import platform
import stat
from collections.abc import Mapping
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from copd_strat import __version__
from copd_strat.errors import of_another_version
from copd_strat.publish.content import sha256_of

MANIFEST, SUMMARY = "manifest.json", "run_summary.json"
# This carries clock times, so it differs between two runs of the same content.
_TIMED = frozenset({SUMMARY})
_PACKAGES = ("pandas", "numpy", "scikit-learn", "pyarrow", "duckdb", "great-expectations")

# Path relative to the run's folder → bytes and SHA-256.
Files = dict[str, dict[str, Any]]


class KeptRecord(dict[str, Any]):
    """An object out of a JSON file that an earlier run left.

    What is not in it was written by a program of another version: an InputError, wherever it is looked up.
    """

    def __init__(self, pairs: Mapping[str, Any], path: Path) -> None:
        super().__init__(pairs)
        self.path = path

    def __missing__(self, name: str) -> Any:
        raise of_another_version(f"{self.path}: says nothing of {name}")


def read_record(path: Path) -> Any:
    """What ``write_json`` wrote, its objects as KeptRecord; OSError or ValueError if it cannot be read."""
    if path.exists() and not path.is_file():
        raise ValueError("not a file")
    return json.loads(path.read_text(encoding="utf-8"), object_hook=partial(KeptRecord, path=path))


def compose(*parts: Mapping[str, Any]) -> dict[str, Any]:
    """What the rooms found, as one manifest; ValueError if two of them give the same key."""
    made: dict[str, Any] = {
        "product": "copd-strat",
        "version": __version__,
        "packages": {"python": platform.python_version()} | {name: version(name) for name in _PACKAGES},
    }
    for part in parts:
        twice = made.keys() & part.keys()
        if twice:
            raise ValueError(f"given twice: {', '.join(sorted(twice))}")
        made |= part
    return made


def written_files(folder: Path) -> tuple[Files, Files]:
    """Every file of a run but the manifest: those that depend on content alone, those with clock times."""
    paths = sorted(path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())
    names = {path.relative_to(folder).as_posix(): path for path in paths}
    found = {name: _written(path) for name, path in names.items() if name != MANIFEST}
    return (
        {name: file for name, file in found.items() if name not in _TIMED},
        {name: file for name, file in found.items() if name in _TIMED},
    )


def _written(path: Path) -> dict[str, Any]:
    """A file's bytes and SHA-256. A link or a device is never followed or read: nothing that a run wrote."""
    status = path.lstat()
    if not stat.S_ISREG(status.st_mode):
        return {"bytes": 0, "sha256": "not a file"}
    return {"bytes": status.st_size, "sha256": sha256_of(path)}


def write_json(path: Path, content: object) -> str:
    """Readable, stable JSON: the same content gives the same bytes. Gives the SHA-256 of what it wrote."""
    text = json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False, default=str) + "\n"
    path.write_text(text, encoding="utf-8")
    return hashlib.sha256(text.encode()).hexdigest()


def verify(folder: Path) -> tuple[str, ...]:
    """Names of files that are missing, changed or extra compared with the folder's own manifest.

    The manifest itself is held against the pointer, which knows its hash (``RunFolder``).
    """
    manifest = read_record(folder / MANIFEST)
    listed = manifest["files"] | manifest["timed_files"]
    stable, timed = written_files(folder)
    found = stable | timed
    return tuple(sorted(name for name in listed.keys() | found.keys() if listed.get(name) != found.get(name)))
