"""The night's lists: written, then counted back from the files."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from copd_strat.config import ListSettings
from copd_strat.engine import Engine, packaged_sql
from copd_strat.lists.queries import queries
from copd_strat.lists.write import ListFile, write_lists
from copd_strat.pathways import LISTED, Placement, Policy, who_is_where
from copd_strat.plan import RunStamp


@dataclass(frozen=True, kw_only=True)
class WrittenLists:
    """The files, and practice → disposition → rows of its CSV list as read back from the disk."""

    files: tuple[ListFile, ...]
    rows: dict[str, dict[str, int]]

    def with_files(self, more: Iterable[ListFile]) -> WrittenLists:
        """The same with further files, which the rows of dispositions do not count."""
        return replace(self, files=(*self.files, *more))

    def record(self, root: Path) -> dict[str, object]:
        """What the manifest keeps; ``root`` is the run's folder."""
        return {
            "lists": [
                {
                    "file": item.path.relative_to(root).as_posix(),
                    "practice_id": item.practice_id,
                    "list": item.name,
                    "rows": item.rows,
                }
                for item in self.files
            ]
        }


def write_register(
    engine: Engine, root: Path, placed: Placement, policy: Policy, stamp: RunStamp, settings: ListSettings
) -> WrittenLists:
    """Write every practice's lists below ``root``; the engine holds ``organisations`` and ``patients``."""
    files = write_lists(
        root,
        placed.patients.parts(),
        placed.changes,
        engine.frame(packaged_sql("lists", "listed_practices")),
        stamp,
        practices=placed.by_practice,
        who=who_is_where(policy),
        queries=queries(placed.conflicts, placed.decisions, stamp.as_of),
        identity=settings.identity_check == "age_sex",
    )
    return WrittenLists(files=tuple(files), rows=_rows_by_list(files))


def _rows_by_list(written: Iterable[ListFile]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for item in written:
        if item.name in LISTED and item.path.suffix == ".csv":
            with item.path.open(encoding="utf-8-sig", newline="") as stream:
                rows = sum(1 for _ in csv.DictReader(stream))
            found.setdefault(item.practice_id, {})[item.name] = rows
    return found
