"""Who else on the machine may read the key or write to the inputs: refused, unless the site allows it.

A key that anybody may read protects nobody's reference; an input that anybody may write to can be changed
between two nights without a trace. Both are told by path, all at once.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from copd_strat.config import Settings
from copd_strat.errors import ConfigError

_SHOWN = 5


def check_inputs(settings: Settings) -> None:
    """ConfigError names every folder and file that a run would read and that anybody may write to."""
    open_to_all = [path for path in _inputs(settings) if _mode(path) & stat.S_IWOTH]
    if open_to_all:
        shown = "\n".join(f"  - {path}" for path in open_to_all[:_SHOWN])
        more = f"\n  - and {len(open_to_all) - _SHOWN} more" if len(open_to_all) > _SHOWN else ""
        raise ConfigError(
            f"{len(open_to_all)} input(s) may be written to by anybody on this machine\n{shown}{more}",
            fix="take the right away with 'chmod o-w', or set allow_world_writable for that extract",
        )


def check_key_file(path: Path) -> None:
    """ConfigError if anybody on the machine may read or replace the reference key in ``path``."""
    if _mode(path) & (stat.S_IROTH | stat.S_IWOTH):
        raise ConfigError(
            f"{path}: anybody on this machine may read the reference key, or write another there",
            fix="take the right away with 'chmod 600', or set pathways.allow_world_readable_key",
        )


def _inputs(settings: Settings) -> Iterator[Path]:
    """What decides a night besides the program, and may lie where others write."""
    for source in settings.extracts:
        if not source.allow_world_writable:
            yield from _with_content(source.path)
    if settings.contracts is not None:
        yield from _with_content(settings.contracts)
    yield from settings.clinical.codelists
    yield from settings.risk.scorecards
    if settings.risk.recalibration is not None:
        yield settings.risk.recalibration
    if Path(settings.pathways.policy).suffix:  # a shipped policy has a name, a site's own has a path
        yield Path(settings.pathways.policy)


def _with_content(folder: Path) -> Iterator[Path]:
    for place, files in walked(folder):
        yield place
        yield from sorted(files)


def walked(
    folder: Path, onerror: Callable[[OSError], object] | None = None
) -> Iterator[tuple[Path, list[Path]]]:
    """Each folder that a night looks into, links to folders as well, and what lies in it; hidden ones left out."""
    seen: set[tuple[int, int]] = set()
    for place, folders, names in os.walk(folder, onerror=onerror, followlinks=True):
        status = Path(place).stat()
        if (status.st_dev, status.st_ino) in seen:
            folders.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield Path(place), [Path(place) / name for name in names if not name.startswith(".")]


def _mode(path: Path) -> int:
    """The permissions of ``path``; what is not there has none, and is reported by whoever reads it."""
    try:
        return path.stat().st_mode
    except OSError:
        return 0
