"""``history/`` of a run folder: what later runs need of earlier ones, carried forward file by file.

    months/2026-03_r0.parquet     published rows of a month, never rewritten
    audit/2026-03.parquet         bounds that the first publication gave away, until the month is revised
    membership.parquet            month-end membership of practices in published months
    runs.parquet                  runs that published a month
    snapshots/2026-03.parquet     a person's disposition in the last run of a month (restricted)

The folder is restricted: commissioners see ``summary/`` only.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from copd_strat.contracts.contract import Contract
from copd_strat.contracts.own_tables import arrow_schema, column_names, conform, own_table, write_parquet
from copd_strat.summary.counts import Due, membership_columns
from copd_strat.summary.fact_rows import add_months, month_end
from copd_strat.summary.schemas import published

FOLDER = "history"
REVISED_AFTER_MONTHS = 3


@dataclass(frozen=True)
class History:
    """The history folder of the run that is being built."""

    folder: Path

    @classmethod
    def carried_forward(cls, root: Path, previous: Path | None) -> History:
        """A copy of the previous run's history inside ``root``, or an empty one."""
        folder = root / FOLDER
        before = None if previous is None else previous / FOLDER
        for name in ("months", "audit", "snapshots"):
            (folder / name).mkdir(parents=True, exist_ok=True)
            if before is not None and (before / name).is_dir():
                shutil.copytree(before / name, folder / name, dirs_exist_ok=True)
        for name in ("membership.parquet", "runs.parquet"):
            if before is not None and (before / name).is_file():
                shutil.copyfile(before / name, folder / name)
        return cls(folder)

    def published(self) -> dict[Due, Path]:
        """Every publication of every month, oldest first."""
        found = {}
        for path in sorted((self.folder / "months").glob("*.parquet")):
            month, revision = path.stem.split("_r")
            found[Due(date.fromisoformat(f"{month}-01"), int(revision))] = path
        return found

    def facts(self) -> pa.Table:
        """All published rows, none before the first publication."""
        empty = arrow_schema(published("fact_indicator")).empty_table()
        return pa.concat_tables([empty, *map(pq.read_table, self.published().values())])

    def rows(self, due: Due) -> pd.DataFrame:
        """The rows of one publication of one month."""
        return _read(self.published()[due])

    def add_month(self, due: Due, rows: pd.DataFrame) -> None:
        path = self.folder / "months" / f"{due.month:%Y-%m}_r{due.revision}.parquet"
        _write(published("fact_indicator"), rows, path)

    def add_audit(self, month: date, known: pd.DataFrame) -> None:
        path = self.folder / "audit" / f"{month:%Y-%m}.parquet"
        _write(own_table("internal", "history_audit"), known, path)

    def audit(self, month: date) -> pd.DataFrame:
        return _read(self.folder / "audit" / f"{month:%Y-%m}.parquet")

    def provisional(self) -> tuple[date, ...]:
        """Months whose revision is still to come."""
        stems = sorted(path.stem for path in (self.folder / "audit").glob("*.parquet"))
        return tuple(date.fromisoformat(f"{stem}-01") for stem in stems)

    def drop_audit(self, month: date) -> None:
        (self.folder / "audit" / f"{month:%Y-%m}.parquet").unlink()

    def membership(self) -> pd.DataFrame:
        """Month-end membership of all published months."""
        path = self.folder / "membership.parquet"
        return _read(path) if path.exists() else pd.DataFrame(columns=membership_columns(), dtype="object")

    def add_membership(self, rows: pd.DataFrame) -> None:
        both = pd.concat([self.membership(), rows], ignore_index=True)
        _write(own_table("internal", "history_membership"), both, self.folder / "membership.parquet")

    def runs(self) -> pd.DataFrame | None:
        path = self.folder / "runs.parquet"
        return _read(path) if path.exists() else None

    def add_run(self, row: dict[str, object]) -> None:
        before = self.runs()
        after = pd.DataFrame([row])
        rows = after if before is None else pd.concat([before, after])
        _write(published("dim_run"), rows, self.folder / "runs.parquet")

    def snapshots(self) -> pd.DataFrame:
        """Dispositions by person at the end of each month kept."""
        frames = [_read(path) for path in sorted((self.folder / "snapshots").glob("*.parquet"))]
        return pd.concat(frames, ignore_index=True) if frames else _empty_snapshots()

    def replace_snapshot(self, month: date, people: pd.DataFrame) -> None:
        """Keep ``people`` as the latest dispositions of ``month``."""
        _write(own_table("internal", "history_snapshots"), people, self._snapshot(month))

    def drop_snapshots(self, before: date) -> None:
        """Drop snapshots of months before ``before``: nothing is counted from them again."""
        for path in (self.folder / "snapshots").glob("*.parquet"):
            if date.fromisoformat(f"{path.stem}-01") < before:
                path.unlink()

    def _snapshot(self, month: date) -> Path:
        return self.folder / "snapshots" / f"{month:%Y-%m}.parquet"


def _empty_snapshots() -> pd.DataFrame:
    names = column_names(own_table("internal", "history_snapshots"))
    return pd.DataFrame({name: pd.Series(dtype="string") for name in names})


def _read(path: Path) -> pd.DataFrame:
    return pq.read_table(path).to_pandas(date_as_object=True).astype("object")


def _write(contract: Contract, frame: pd.DataFrame, path: Path) -> None:
    write_parquet(conform(contract, frame), path)


def first_open_month(complete_to: date) -> date:
    """The first month that is not closed: its last day is after ``complete_to``."""
    month = complete_to.replace(day=1)
    return add_months(month, 1) if month_end(month) == complete_to else month


def due_months(history: History | None, complete_to: date, months: int) -> tuple[Due, ...]:
    """Months to publish now, oldest first: newly closed ones, and provisional ones due their revision.

    The first run (no history) goes back ``months`` months; later runs only add newer ones. The revision
    comes when three more months have closed.
    """
    open_month = first_open_month(complete_to)
    closed = [add_months(open_month, -back) for back in range(months, 0, -1)]
    published, provisional = (history.published(), history.provisional()) if history else ((), ())
    latest = max((due.month for due in published), default=date.min)
    new = [Due(month, 0) for month in closed if month > latest]
    ripe = [Due(month, 1) for month in provisional if is_settled(month, open_month)]
    return tuple(sorted(new + ripe, key=lambda due: due.month))


def is_settled(month: date, open_month: date) -> bool:
    """Three more months have closed since: late records have come in."""
    return add_months(month, REVISED_AFTER_MONTHS) < open_month
