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

from copd_strat.contracts.contract import Contract
from copd_strat.contracts.own_tables import (
    arrow_schema,
    column_names,
    conform,
    own_table,
    read_parquet,
    write_parquet,
)
from copd_strat.errors import of_another_version
from copd_strat.summary.counts import membership_columns
from copd_strat.summary.cube import COHORTS
from copd_strat.summary.periods import Due, Period
from copd_strat.summary.schemas import published

FOLDER = "history"
# What every run with a published period left.
_WITH_PERIODS = ("membership.parquet", "runs.parquet", "disclosure.parquet")


@dataclass(frozen=True)
class History:
    """The history folder of the run that is being built."""

    folder: Path

    @classmethod
    def carried_forward(cls, root: Path, previous: Path | None) -> History:
        """A copy of the previous run's history inside ``root``, or an empty one.

        InputError where a program of another version left less than this one needs.
        """
        made = cls(root / FOLDER)
        for name in ("periods", "rates", "audit", "snapshots"):
            (made.folder / name).mkdir(parents=True, exist_ok=True)
            if previous is not None and (previous / FOLDER / name).is_dir():
                shutil.copytree(previous / FOLDER / name, made.folder / name, dirs_exist_ok=True)
        if previous is not None and made.published():
            made._carry_tables(previous / FOLDER)
        return made

    def _carry_tables(self, before: Path) -> None:
        for name in _WITH_PERIODS:
            if not (before / name).is_file():
                raise of_another_version(f"{before / name}: is not in the run, though periods are published")
            shutil.copyfile(before / name, self.folder / name)

    def published(self) -> dict[Due, Path]:
        """Every publication of every period."""
        found = {}
        for path in sorted((self.folder / "periods").glob("*.parquet")):
            key, revision = path.stem.split("_r")
            found[Due(Period.of_key(key), int(revision))] = path
        return found

    def facts(self) -> pa.Table:
        """All published rows, none before the first publication."""
        contract = published("fact_indicator")
        kept = (read_parquet(path, contract) for path in self.published().values())
        return pa.concat_tables([arrow_schema(contract).empty_table(), *kept])

    def rows(self, due: Due) -> pd.DataFrame:
        """The rows of one publication of one period."""
        return _read(published("fact_indicator"), self.published()[due])

    def add_period(self, due: Due, rows: pd.DataFrame) -> None:
        path = self.folder / "periods" / f"{due.period.key}_r{due.revision}.parquet"
        _write(published("fact_indicator"), rows, path)

    def add_rates(self, period: Period, rows: pd.DataFrame) -> None:
        _write(published("fact_statistic"), rows, self.folder / "rates" / f"{period.key}.parquet")

    def rates(self) -> pd.DataFrame:
        """Standardised rates of all published years."""
        contract = published("fact_statistic")
        kept = (read_parquet(path, contract) for path in sorted((self.folder / "rates").glob("*.parquet")))
        tables = [arrow_schema(contract).empty_table(), *kept]
        return pa.concat_tables(tables).to_pandas(date_as_object=True)

    def add_audit(self, month: date, known: pd.DataFrame) -> None:
        path = self.folder / "audit" / f"{month:%Y-%m}.parquet"
        _write(own_table("internal", "history_audit"), known, path)

    def audit(self, month: date) -> pd.DataFrame:
        return _read(own_table("internal", "history_audit"), self.folder / "audit" / f"{month:%Y-%m}.parquet")

    def provisional(self) -> tuple[date, ...]:
        """Months whose revision is still to come."""
        stems = sorted(path.stem for path in (self.folder / "audit").glob("*.parquet"))
        return tuple(date.fromisoformat(f"{stem}-01") for stem in stems)

    def drop_audit(self, month: date) -> None:
        (self.folder / "audit" / f"{month:%Y-%m}.parquet").unlink()

    def membership(self) -> pd.DataFrame:
        """Month-end membership of all published months."""
        kept = self._kept(own_table("internal", "history_membership"), "membership")
        return pd.DataFrame(columns=membership_columns(), dtype="object") if kept is None else kept

    def add_membership(self, rows: pd.DataFrame) -> None:
        both = pd.concat([self.membership(), rows], ignore_index=True)
        _write(own_table("internal", "history_membership"), both, self.folder / "membership.parquet")

    def runs(self) -> pd.DataFrame | None:
        return self._kept(published("dim_run"), "runs")

    def add_run(self, row: dict[str, object]) -> None:
        self._add(published("dim_run"), "runs", pd.DataFrame([row]))

    def disclosure(self) -> pd.DataFrame | None:
        """What disclosure control hid, one row a publication."""
        return self._kept(published("disclosure_record"), "disclosure")

    def first_placed(self) -> date | None:
        """The first published month with dispositions."""
        contract, names = published("fact_indicator"), ["indicator_id"]
        found = [
            due.period.start
            for due, path in self.published().items()
            if COHORTS["placed"]
            in read_parquet(path, contract, columns=names)["indicator_id"].unique().to_pylist()
        ]
        return min(found, default=None)

    def add_disclosure(self, row: dict[str, object]) -> None:
        self._add(published("disclosure_record"), "disclosure", pd.DataFrame([row]))

    def _kept(self, contract: Contract, name: str) -> pd.DataFrame | None:
        path = self.folder / f"{name}.parquet"
        return _read(contract, path) if path.exists() else None

    def _add(self, contract: Contract, name: str, rows: pd.DataFrame) -> None:
        before = self._kept(contract, name)
        both = rows if before is None else pd.concat([before, rows])
        _write(contract, both, self.folder / f"{name}.parquet")

    def snapshots(self) -> pd.DataFrame:
        """Dispositions by person at the end of each month kept."""
        contract = own_table("internal", "history_snapshots")
        frames = [_read(contract, path) for path in sorted((self.folder / "snapshots").glob("*.parquet"))]
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


def _read(contract: Contract, path: Path) -> pd.DataFrame:
    frame: pd.DataFrame = read_parquet(path, contract).to_pandas(date_as_object=True)
    return frame.astype("object")


def _write(contract: Contract, frame: pd.DataFrame, path: Path) -> None:
    write_parquet(conform(contract, frame), path)
