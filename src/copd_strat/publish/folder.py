"""Atomic publication: a run is built aside, renamed into place, and only then pointed at.

A reader that follows CURRENT.json sees the old run or the new one, never a mixture, whatever moment the
machine stops at. The pointer also holds the chain of the runs published before, each with its manifest's
hash: a folder that merely lies there was never published, and a manifest that was changed is noticed.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from copd_strat.errors import (
    CopdStratError,
    InputError,
    LockError,
    OutputError,
    RequestError,
    Stopped,
    stop_behind,
    unwritten,
)
from copd_strat.publish import audit_log
from copd_strat.publish.content import sha256_of
from copd_strat.publish.manifest import MANIFEST, read_record, verify

POINTER = "CURRENT.json"
_DRAFT = f".{POINTER}.draft"
PARTIAL = ".partial-"
PAGE = "validation.html"
_RESTORE = (
    "restore the output folder from a backup, or make an earlier run the published one again with"
    " 'copd-strat runs restore RUN --config FILE' ('copd-strat runs list' names them)"
)


# A folder's name in runs/: what the pointer says can lead nowhere else.
_RUN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
# What reading a damaged pointer or manifest can raise.
_UNREADABLE = (OSError, ValueError, KeyError, TypeError, RecursionError, InputError)


class Link(NamedTuple):
    """One published run in the chain: its folder's name and the SHA-256 of its manifest."""

    folder: str
    manifest: str


@dataclass(frozen=True, kw_only=True)
class PublishedRun:
    """A run that was published: its id, its folder and its manifest, which is as it was then."""

    run_id: str
    path: Path
    manifest: dict[str, Any]

    def file(self, name: str) -> Path:
        """One of its files, by its place in the run's folder; InputError unless it is as it was published."""
        path = self.path / name
        try:
            # Through a link it is not the run's own file, whatever its bytes are.
            own = path.resolve() == self.path.resolve() / name
            whole = own and sha256_of(path) == self.manifest["files"][name]["sha256"]
        except OSError:
            whole = False
        if not whole:
            raise InputError(f"run {self.path.name}: {name} is missing or was changed", fix=_RESTORE)
        return path


def no_such_run(name: str) -> RequestError:
    return RequestError(
        f"there is no run '{name}'", fix="'copd-strat runs list' shows the runs that are kept"
    )


@dataclass(frozen=True, kw_only=True)
class KeptRuns:
    """The published runs that are still kept, oldest first, and the names of those that are damaged."""

    runs: tuple[PublishedRun, ...]
    damaged: tuple[str, ...]


@contextmanager
def write_errors(where: Path) -> Iterator[None]:
    """An operating-system error while writing below ``where`` becomes an OutputError."""
    try:
        yield
    except OSError as error:
        place = error.filename or where
        raise OutputError(
            f"{place}: cannot be written ({unwritten(error, where)})",
            fix="free space on this disk (a night takes about six times its extracts), or see to the folder's"
            " permissions; what was published before stays as it is",
        ) from error


def refuse_links(*folders: Path, but: str = "") -> None:
    """OutputError for a link (or a pipe) where the program writes: what is behind it is somebody else's.

    ``but`` is the name of the one link that the program makes itself.
    """
    for folder in folders:
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            if path.is_symlink() and path.name != but:
                raise OutputError(
                    f"{path}: is a link, and links inside the output folder are not followed",
                    fix="remove the link; a whole output folder may lie behind one",
                )
            if path.exists() and not path.is_file() and not path.is_dir():
                raise OutputError(
                    f"{path}: is neither a file nor a folder; whoever reads it may wait for ever",
                    fix="remove it: the program made no such thing",
                )


class RunFolder:
    """The output folder of a site: ``runs/<run_id>/`` and the pointer ``CURRENT.json``."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @contextmanager
    def lock(self, what: str) -> Iterator[None]:
        """Hold the single writer's lock; the operating system frees it if the process dies.

        ``what`` is about to be done, and how it ended, go into the audit log with the run that stands. The end
        is not missed where it cannot be written, as after a kill: the next beginning tells what stands.
        """
        with write_errors(self.root):
            self.root.mkdir(parents=True, exist_ok=True)
            refuse_links(self.root, self.root / "runs")
            stream = (self.root / ".lock").open("a")
        with stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise LockError(
                    f"{self.root}: another run is writing here", fix="wait for it to end, then run again"
                ) from None
            with write_errors(self.root):
                audit_log.append(self.root, f"{what}: begins", self._standing())
            end = "ended by a fault"
            try:
                yield
                end = "done"
            except CopdStratError as error:
                end = f"stopped, exit {error.exit_code}"
                raise
            except Stopped as stop:
                end = f"stopped by signal {stop.number}"
                raise
            finally:
                with suppress(OSError):
                    audit_log.append(self.root, f"{what}: {end}", self._standing())

    def _standing(self) -> dict[str, str] | None:
        """The run that readers follow, for the audit log; None if there is none that can be told."""
        try:
            chain = self._chain()
        except InputError:
            return None
        return chain[0]._asdict() if chain else None

    def current(self) -> PublishedRun | None:
        """The published run, or None before the first; InputError if pointer or manifest are damaged."""
        chain = self._chain()
        if not chain:
            return None
        run = self._open(chain[0])
        if run is None:
            raise self._damaged(f"run {chain[0].folder}: its manifest is missing or was changed")
        return run

    def pointer(self) -> str | None:
        """The folder's name that readers follow, whether or not the run in it is whole."""
        chain = self._chain()
        return chain[0].folder if chain else None

    def intact_current(self) -> PublishedRun | None:
        """As ``current``, with every file of the run as it was published: tonight starts from them."""
        run = self.current()
        if run is not None:
            self.require_intact(run)
        return run

    def intact_run(self, name: str) -> PublishedRun | None:
        """The run of the chain in the folder ``name``, whole; None if it has been purged."""
        link = next((one for one in self._chain() if one.folder == name), None)
        if link is None or not (self.root / "runs" / name).is_dir():
            return None
        run = self._open(link)
        if run is None:
            raise self._damaged(f"run {name}: its manifest is missing or was changed")
        self.require_intact(run)
        return run

    def require_intact(self, run: PublishedRun) -> None:
        """InputError unless every file of the run is as it was published."""
        try:
            changed = verify(run.path)
        except OSError as error:
            raise self._damaged(f"run {run.path.name}: {error.filename} cannot be read") from None
        if changed:
            raise self._damaged(
                f"run {run.path.name}: {len(changed)} file(s) differ from its manifest, first {changed[0]}"
            )

    def kept(self) -> KeptRuns:
        """All runs of the chain that have not been purged."""
        runs: list[PublishedRun] = []
        damaged: list[str] = []
        for link in reversed(self._chain()):
            if not (self.root / "runs" / link.folder).is_dir():
                continue
            run = self._open(link)
            if run is None:
                damaged.append(link.folder)
            else:
                runs.append(run)
        return KeptRuns(runs=tuple(runs), damaged=tuple(damaged))

    def _chain(self) -> list[Link]:
        """Published runs, the current one first; empty before the first."""
        pointer = self.root / POINTER
        try:
            if pointer.is_symlink() or (pointer.exists() and not pointer.is_file()):
                raise ValueError("what is behind a link or a pipe is not ours")
            target = json.loads(pointer.read_text(encoding="utf-8"))
            links = [Link(link["folder"], link["manifest"]) for link in (target, *target["earlier"])]
            if not all(_RUN_NAME.fullmatch(link.folder) for link in links):
                raise ValueError("a run's folder lies in runs/")
            return links
        except FileNotFoundError:
            self._require_no_runs()
            return []
        except _UNREADABLE:
            raise self._damaged(f"{pointer}: cannot be read") from None

    def _require_no_runs(self) -> None:
        """Where runs lie and no pointer does, it was lost: a first night would forget all that came before."""
        runs = self.root / "runs"
        names = {path.name for path in runs.iterdir()} if runs.is_dir() else set()
        if names - {self._drafted()}:
            raise self._damaged(f"{self.root / POINTER}: is missing, though there are runs")

    def _drafted(self) -> str | None:
        """The folder of the run that a cut-off night was about to point at."""
        try:
            folder = str(json.loads((self.root / _DRAFT).read_text(encoding="utf-8"))["folder"])
            return folder if _RUN_NAME.fullmatch(folder) else None
        except _UNREADABLE:
            return None  # no draft, or cut off while it was written: nothing had been renamed yet

    def _open(self, link: Link) -> PublishedRun | None:
        """The run of a link, or None if its manifest is not the one that was published."""
        path = self.root / "runs" / link.folder
        try:
            linked = path.is_symlink() or (path / MANIFEST).is_symlink()
            if linked or sha256_of(path / MANIFEST) != link.manifest:
                return None
            return _read(path)
        except _UNREADABLE:
            return None

    def _damaged(self, problem: str) -> InputError:
        return InputError(problem, fix=_RESTORE)

    def restore(self, name: str) -> PublishedRun:
        """Make the run in the folder ``name`` the published one; InputError unless it is whole."""
        path = self.root / "runs" / name
        try:
            if not _RUN_NAME.fullmatch(name):
                raise ValueError("a run's folder lies in runs/")
            run, changed = _read(path), verify(path)
        except _UNREADABLE:
            if not _RUN_NAME.fullmatch(name) or not path.is_dir():
                raise no_such_run(name) from None
            raise InputError(f"run {name}: its manifest cannot be read", fix="name another run") from None
        try:
            chain = self._chain()
        except InputError:
            chain = self._found()
        link = Link(name, sha256_of(path / MANIFEST))
        known = next((one for one in chain if one.folder == name), link)
        if changed or known != link:
            raise InputError(
                f"run {name}: {changed[0] if changed else MANIFEST} is not as it was published",
                fix="name another run",
            )
        with write_errors(self.root):
            self._point_at(link, [one for one in chain if one.folder != name])
        return run

    def _found(self) -> list[Link]:
        """The whole runs that lie there, newest first: the chain, as far as it can be told without its pointer.

        Without it they would never be counted again, and never removed.
        """
        found: list[tuple[str, Link]] = []
        for path in sorted((self.root / "runs").iterdir()):
            try:
                run = _read(path)
                if not verify(path):
                    found.append((run.manifest["as_of"], Link(path.name, sha256_of(path / MANIFEST))))
            except _UNREADABLE:
                continue
        return [link for _, link in sorted(found, reverse=True)]

    @contextmanager
    def staged(self, run_id: str, failed: str = "failed") -> Iterator[Path]:
        """An empty folder to build the run in, gone at the end.

        What a failed night found out about its extracts stays in ``failed``, in place of the last such, and
        the error names its page. A night that was stopped by a person or the machine leaves nothing.
        """
        partial = self._start(run_id)
        try:
            with write_errors(partial):
                yield partial
        except Exception as error:
            if stop := stop_behind(error):
                raise stop from None
            page = self.keep_quality(partial, failed) / PAGE
            if isinstance(error, CopdStratError) and page.exists():
                error.page = page
            raise
        finally:
            shutil.rmtree(partial, ignore_errors=True)

    def _start(self, run_id: str) -> Path:
        with write_errors(self.root):
            self._sweep()
            partial = self.root / f"{PARTIAL}{run_id}"
            partial.mkdir()
        return partial

    def make_up(self, keep: int) -> None:
        """Do what a night that was cut off did not come to: sweep, and purge beyond ``keep``."""
        with write_errors(self.root):
            self._sweep()
        self.purge(keep)

    def _sweep(self) -> None:
        """Remove what a night that was cut off left: half-built and half-purged runs, one not pointed at."""
        for leftover in self.root.glob(f"{PARTIAL}*"):
            shutil.rmtree(leftover)
        draft, folder = self.root / _DRAFT, self._drafted()
        unpublished = self.root / "runs" / folder if folder else None
        if unpublished and unpublished.is_dir() and folder not in {link.folder for link in self._chain()}:
            shutil.rmtree(unpublished)  # before the draft, without which nobody would know of it
        draft.unlink(missing_ok=True)

    def keep_quality(self, partial: Path, name: str) -> Path:
        """Move the staged folder ``quality`` to ``name`` below the root, in place of what was there."""
        quality, kept = partial / "quality", self.root / name
        if quality.exists():
            with write_errors(kept):
                shutil.rmtree(kept, ignore_errors=True)
                quality.rename(kept)
        return kept

    def publish(self, partial: Path, run_id: str, manifest: str) -> Path:
        """Make the built run the current one: flush, draft the pointer, rename, swap the pointer.

        ``manifest`` is the SHA-256 of its manifest. The draft names the folder before it appears, so that the
        next night knows a run that was renamed and never pointed at.
        """
        with write_errors(self.root):
            for path in (*sorted(partial.rglob("*")), partial):
                flush(path)
            chain = self._chain()
            link = Link(self._free_name(run_id), manifest)
            target = self.root / "runs" / link.folder
            target.parent.mkdir(exist_ok=True)
            self._draft(link, chain)
            partial.rename(target)
            flush(target.parent)
            self._swap()
        if self.pointer() != link.folder:
            raise OutputError(
                f"{self.root}: readers do not see run {link.folder}, though it was published",
                fix="this is a fault of the program: the run before stays; please report it",
            )
        return target

    def _free_name(self, run_id: str) -> str:
        """``run_id``, or with a number when that folder is taken: a published folder is never rewritten."""
        name, repeat = run_id, 1
        while (self.root / "runs" / name).exists():
            repeat += 1
            name = f"{run_id}-{repeat}"
        return name

    def _point_at(self, link: Link, earlier: list[Link]) -> None:
        self._draft(link, earlier)
        self._swap()

    def _draft(self, link: Link, earlier: list[Link]) -> None:
        draft = self.root / _DRAFT
        pointer = link._asdict() | {"earlier": [one._asdict() for one in earlier]}
        draft.write_text(json.dumps(pointer, indent=1) + "\n", encoding="utf-8")
        flush(draft)
        flush(self.root)

    def _swap(self) -> None:
        (self.root / _DRAFT).replace(self.root / POINTER)
        flush(self.root)

    def purge(self, keep: int) -> tuple[str, ...]:
        """Remove the oldest runs beyond ``keep``; the current one always stays. Gives their names."""
        chain = self._chain()
        there = [link for link in chain if (self.root / "runs" / link.folder).is_dir()]
        excess = [link for link in there[max(keep, 1) :] if link != chain[0]]
        if not excess and len(there) == len(chain):
            return ()
        with write_errors(self.root):
            for link in excess:
                # A rename is whole or not at all; a half-removed folder is swept by the next night.
                (self.root / "runs" / link.folder).rename(self.root / f"{PARTIAL}purged-{link.folder}")
            self._point_at(chain[0], [link for link in there if link not in (*excess, chain[0])])
            for link in excess:
                shutil.rmtree(self.root / f"{PARTIAL}purged-{link.folder}")
        return tuple(link.folder for link in reversed(excess))


def _read(path: Path) -> PublishedRun:
    manifest = read_record(path / MANIFEST)
    return PublishedRun(run_id=manifest["run_id"], path=path, manifest=manifest)


def flush(path: Path) -> None:
    """Force a file or a folder's entries to disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
