"""``history/`` of a run folder: what later runs need of earlier ones, carried forward file by file.

    periods/month-2026-03_r0.parquet   published rows of a period, never rewritten
    rates/year-2025-04.parquet    standardised rates of a financial year
    audit/2026-03.parquet         counts and what their first publication says, until the month is revised
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
import pyarrow.compute as pc
import pyarrow.parquet as pq

from copd_strat.contracts.contract import Contract
from copd_strat.contracts.own_tables import arrow_schema, column_names, conform, own_table, write_parquet
from copd_strat.summary.counts import membership_columns
from copd_strat.summary.cube import COHORTS
from copd_strat.summary.periods import Due, Period
from copd_strat.summary.schemas import published

FOLDER = "history"


@dataclass(frozen=True)
class History:
    """The history folder of the run that is being built."""

    folder: Path

    @classmethod
    def carried_forward(cls, root: Path, previous: Path | None) -> History:
        """A copy of the previous run's history inside ``root``, or an empty one."""
        folder = root / FOLDER
        before = None if previous is None else previous / FOLDER
        for name in ("periods", "rates", "audit", "snapshots"):
            (folder / name).mkdir(parents=True, exist_ok=True)
            if before is not None and (before / name).is_dir():
                shutil.copytree(before / name, folder / name, dirs_exist_ok=True)
        for name in ("membership.parquet", "runs.parquet", "disclosure.parquet"):
            if before is not None and (before / name).is_file():
                shutil.copyfile(before / name, folder / name)
        return cls(folder)

    def published(self) -> dict[Due, Path]:
        """Every publication of every period."""
        found = {}
        for path in sorted((self.folder / "periods").glob("*.parquet")):
            key, revision = path.stem.split("_r")
            found[Due(Period.of_key(key), int(revision))] = path
        return found

    def facts(self) -> pa.Table:
        """All published rows, none before the first publication."""
        empty = arrow_schema(published("fact_indicator")).empty_table()
        return pa.concat_tables([empty, *map(pq.read_table, self.published().values())])

    def rows(self, due: Due) -> pd.DataFrame:
        """The rows of one publication of one period."""
        return _read(self.published()[due])

    def add_period(self, due: Due, rows: pd.DataFrame) -> None:
        path = self.folder / "periods" / f"{due.period.key}_r{due.revision}.parquet"
        _write(published("fact_indicator"), rows, path)

    def add_rates(self, period: Period, rows: pd.DataFrame) -> None:
        _write(published("fact_statistic"), rows, self.folder / "rates" / f"{period.key}.parquet")

    def rates(self) -> pd.DataFrame:
        """Standardised rates of all published years."""
        empty = arrow_schema(published("fact_statistic")).empty_table()
        files = sorted((self.folder / "rates").glob("*.parquet"))
        return pa.concat_tables([empty, *map(pq.read_table, files)]).to_pandas(date_as_object=True)

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
        return self._kept("runs")

    def add_run(self, row: dict[str, object]) -> None:
        self._add("dim_run", "runs", pd.DataFrame([row]))

    def disclosure(self) -> pd.DataFrame | None:
        """What disclosure control hid, one row a publication."""
        return self._kept("disclosure")

    def first_placed(self) -> date | None:
        """The first published month with dispositions."""
        row = pc.field("indicator_id") == COHORTS["placed"]
        found = [
            due.period.start
            for due, path in self.published().items()
            if pq.read_table(path, columns=["indicator_id"], filters=row).num_rows
        ]
        return min(found, default=None)

    def add_disclosure(self, row: dict[str, object]) -> None:
        self._add("disclosure_record", "disclosure", pd.DataFrame([row]))

    def _kept(self, name: str) -> pd.DataFrame | None:
        path = self.folder / f"{name}.parquet"
        return _read(path) if path.exists() else None

    def _add(self, table: str, name: str, rows: pd.DataFrame) -> None:
        before = self._kept(name)
        both = rows if before is None else pd.concat([before, rows])
        _write(published(table), both, self.folder / f"{name}.parquet")

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
