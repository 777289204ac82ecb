"""Atomic publication: a run is built aside, renamed into place, and only then pointed at.

A reader that follows CURRENT.json sees the old run or the new one, never a mixture,
whatever moment the machine stops at.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from copd_strat.errors import InputError, LockError, OutputError
from copd_strat.publish.manifest import MANIFEST

POINTER = "CURRENT.json"
_PARTIAL = ".partial-"


@dataclass(frozen=True, kw_only=True)
class Current:
    """The published run: its id, its folder and its manifest."""

    run_id: str
    path: Path
    manifest: dict[str, Any]


@contextmanager
def write_errors(where: Path) -> Iterator[None]:
    """An operating-system error while writing below ``where`` becomes an OutputError."""
    try:
        yield
    except OSError as error:
        place = error.filename or where
        raise OutputError(
            f"{place}: cannot be written ({error.strerror})",
            fix="check permissions and free space of the output folder; the last run stays published",
        ) from error


class RunFolder:
    """The output folder of a site: ``runs/<run_id>/`` and the pointer ``CURRENT.json``."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the single writer's lock; the operating system frees it if the process dies."""
        with write_errors(self.root):
            self.root.mkdir(parents=True, exist_ok=True)
            stream = (self.root / ".lock").open("a")
        with stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise LockError(
                    f"{self.root}: another run is writing here", fix="wait for it to end, then run again"
                ) from None
            yield

    def current(self) -> Current | None:
        """The published run, or None before the first; InputError if the pointer leads nowhere."""
        pointer = self.root / POINTER
        if not pointer.exists():
            return None
        try:
            target = json.loads(pointer.read_text(encoding="utf-8"))
            return self.run(target["folder"])
        except (OSError, ValueError, KeyError) as error:
            raise InputError(
                f"{pointer}: does not lead to a complete run ({type(error).__name__})",
                fix="restore the output folder from a backup",
            ) from None

    def run(self, folder: str) -> Current:
        path = self.root / "runs" / folder
        manifest = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
        return Current(run_id=manifest["run_id"], path=path, manifest=manifest)

    def runs(self) -> tuple[Current, ...]:
        """All published runs still kept, oldest first."""
        folder = self.root / "runs"
        names = [path.parent.name for path in folder.glob(f"*/{MANIFEST}")] if folder.is_dir() else []
        kept = [self.run(name) for name in names]
        return tuple(sorted(kept, key=lambda run: (run.manifest["as_of"], run.manifest["published_order"])))

    def start(self, run_id: str) -> Path:
        """An empty folder to build the run in; what a run that was cut off left behind is removed."""
        with write_errors(self.root):
            for leftover in self.root.glob(f"{_PARTIAL}*"):
                shutil.rmtree(leftover)
            partial = self.root / f"{_PARTIAL}{run_id}"
            partial.mkdir()
        return partial

    def publish(self, partial: Path, run_id: str) -> Path:
        """Make the built run the current one: flush, rename, swap the pointer."""
        with write_errors(self.root):
            for path in sorted(partial.rglob("*")):
                _flush(path)
            folder = self._free_name(run_id)
            target = self.root / "runs" / folder
            target.parent.mkdir(exist_ok=True)
            partial.rename(target)
            _flush(target.parent)
            self._point_at(folder, run_id)
        return target

    def _free_name(self, run_id: str) -> str:
        """``run_id``, or with a number when that folder is taken: a published folder is never rewritten."""
        name, repeat = run_id, 1
        while (self.root / "runs" / name).exists():
            repeat += 1
            name = f"{run_id}-{repeat}"
        return name

    def _point_at(self, folder: str, run_id: str) -> None:
        draft = self.root / f".{POINTER}.draft"
        draft.write_text(json.dumps({"run_id": run_id, "folder": folder}) + "\n", encoding="utf-8")
        _flush(draft)
        draft.replace(self.root / POINTER)
        _flush(self.root)

    def keep_quality(self, partial: Path) -> None:
        """Keep what a failed run found out about its extracts, in ``failed/``, in place of the last such."""
        quality, kept = partial / "quality", self.root / "failed"
        if quality.exists():
            with write_errors(kept):
                shutil.rmtree(kept, ignore_errors=True)
                quality.rename(kept)

    def discard(self, partial: Path) -> None:
        shutil.rmtree(partial, ignore_errors=True)

    def purge(self, keep: int) -> tuple[str, ...]:
        """Remove the oldest runs beyond ``keep``; the current one always stays. Gives their names."""
        current = self.current()
        old = [run for run in self.runs() if current is None or run.path != current.path]
        excess = old[: max(0, len(old) + 1 - max(keep, 1))]
        with write_errors(self.root):
            for run in excess:
                shutil.rmtree(run.path)
        return tuple(run.path.name for run in excess)


def _flush(path: Path) -> None:
    """Force a file or a folder's entries to disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
