"""The manifest: every input, every count and every published file of a run, with hashes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from copd_strat.publish.content import sha256_of

MANIFEST = "manifest.json"
# These carry clock times, so they differ between two runs of the same content.
TIMED = frozenset({MANIFEST, "run_summary.json"})


def published_files(folder: Path) -> dict[str, dict[str, Any]]:
    """Path relative to ``folder`` → bytes and SHA-256, for every file of a run but the timed ones."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    names = {path.relative_to(folder).as_posix(): path for path in paths}
    return {
        name: {"bytes": path.stat().st_size, "sha256": sha256_of(path)}
        for name, path in names.items()
        if name not in TIMED
    }


def write_json(path: Path, content: object) -> None:
    """Readable, stable JSON: the same content gives the same bytes."""
    text = json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False, default=str)
    path.write_text(text + "\n", encoding="utf-8")


def verify(folder: Path) -> tuple[str, ...]:
    """Names of files that are missing, changed or extra compared with the folder's own manifest."""
    listed = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["files"]
    found = published_files(folder)
    return tuple(sorted(name for name in listed.keys() | found.keys() if listed.get(name) != found.get(name)))
