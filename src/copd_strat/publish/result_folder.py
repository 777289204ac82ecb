"""Results that stand beside the runs (back-tests, evaluations): a folder replaced whole, or not at all."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from copd_strat.publish.folder import write_errors

# Swept by the next night with what else was cut off.
_OLD = ".partial-old-"


def replace_folder(built: Path, target: Path, root: Path) -> None:
    """Move ``built`` to ``target`` below the output ``root``, in place of what was there.

    Nothing of it is at ``target`` before it is whole and flushed. Both must lie on one file system.
    """
    with write_errors(target):
        for path in [*sorted(built.rglob("*")), built]:
            _flush_to_disk(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        old = root / f"{_OLD}{target.parent.name}-{target.name}"
        shutil.rmtree(old, ignore_errors=True)
        if target.exists():
            target.rename(old)
        built.rename(target)
        _flush_to_disk(target.parent)
        shutil.rmtree(old, ignore_errors=True)


def _flush_to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
