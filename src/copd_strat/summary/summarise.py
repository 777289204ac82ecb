"""The commissioners' summary: closed months, counted, protected, audited, written as a star schema."""

from __future__ import annotations

import shutil
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from copd_strat.config import SummarySettings
from copd_strat.contracts.own_tables import arrow_schema
from copd_strat.engine import Engine, literal
from copd_strat.pathways.capacity import capacity_groups, places_of_each
from copd_strat.pathways.policy import Capacity
from copd_strat.plan import RunStamp
from copd_strat.summary import fact_rows, parquet_files, schemas, star
from copd_strat.summary.counts import (
    Counted,
    age_sex_counts,
    begun_later,
    count,
    source_starts,
    unobserved,
)
from copd_strat.summary.cube import COHORTS, age_band, breakdown_types, canonical, indicators
from copd_strat.summary.period_figures import Maker, Released
from copd_strat.summary.period_history import FOLDER, History
from copd_strat.summary.periods import Due, add_months, due_periods, first_open_month, is_settled
from copd_strat.summary.statistic_rows import standardised
from copd_strat.summary.totals_read_back import require_totals
from copd_strat.summary.totals_workbook import WORKBOOK, write_totals

SUMMARY = "summary"
# What a snapshot is made of, one row a patient, besides the organisation that shares places.
SNAPSHOT_COLUMNS = (
    "patient_id", "practice_id", "disposition", "place", "sex", "age", "imd_quintile", "ethnicity",
)  # fmt: skip


@dataclass(frozen=True)
class SummaryResult:
    """What was published now, what stands published in all, and the tables as they were written.

    ``order``: releases made so far. ``carried``: the earlier run whose release stands; None for a new one.
    """

    new: tuple[Due, ...]
    published: tuple[Due, ...]
    tables: dict[str, pa.Table]
    order: int
    carried: Path | None

    @property
    def new_months(self) -> tuple[date, ...]:
        return _months(self.new, 0)

    @property
    def revised_months(self) -> tuple[date, ...]:
        return _months(self.new, 1)

    @property
    def published_months(self) -> tuple[date, ...]:
        return tuple(sorted(_months(self.published, 0)))

    @cached_property
    def frames(self) -> dict[str, pd.DataFrame]:
        """The published tables, dates as dates."""
        return {name: table.to_pandas(date_as_object=True) for name, table in self.tables.items()}

    @property
    def counts(self) -> dict[str, int]:
        """How many months are new tonight, are revised, and stand published in all."""
        return {
            "new months": len(self.new_months),
            "revised": len(self.revised_months),
            "published in all": len(self.published_months),
        }

    def record(self) -> dict[str, dict[str, list[Any]]]:
        """What the manifest keeps."""
        return {
            "months": {
                "new": list(self.new_months),
                "revised": list(self.revised_months),
                "published": list(self.published_months),
                "windows": [due.period.key for due in self.new if due.period.kind != "month"],
            }
        }


def _months(due: tuple[Due, ...], revision: int) -> tuple[date, ...]:
    return tuple(one.period.start for one in due if one.period.kind == "month" and one.revision == revision)


def months_to_count(previous: Path | None, settings: SummarySettings, complete_to: date) -> tuple[date, ...]:
    """First days of the months that ``write_summary`` will count: none on most nights."""
    due = _due(None if previous is None else History(previous / FOLDER), complete_to, settings.months)
    return tuple(sorted({month for one in due for month in one.period.months}))


def _due(history: History | None, complete_to: date, months: int) -> tuple[Due, ...]:
    published, provisional = (history.published(), history.provisional()) if history else ((), ())
    return due_periods(published, provisional, complete_to, months)


def write_summary(
    root: Path,
    engine: Engine,
    dispositions: pd.DataFrame,
    previous: Path | None,
    settings: SummarySettings,
    run: RunStamp,
    *,
    complete_to: date,
    capacity: Capacity,
    hidden_facts: Collection[str] = (),
) -> SummaryResult:
    """Write ``root/summary`` and ``root/history``; periods published before are carried over as they are.

    ``engine`` holds monthly_register, monthly_events, organisations and source_tables; ``dispositions``
    is one row a patient (SNAPSHOT_COLUMNS, and the organisation that shares places) and counts only once its month
    has closed. ``capacity`` says how many places a month there are; ``hidden_facts`` are those that the extracts
    cannot show. ``previous`` is the last published run's folder. DisclosureError if a hidden count could be worked out.
    """
    history = History.carried_forward(root, previous)
    history.replace_snapshot(run.as_of.replace(day=1), snapshot(dispositions, run.as_of, capacity))
    recorded = {row[0] for row in engine.rows(_recorded_months())}
    wanted = _due(history, complete_to, settings.months)
    due = tuple(one for one in wanted if recorded.issuperset(one.period.months))
    if due:
        _publish(engine, history, due, settings, run, first_open_month(complete_to), hidden_facts)
        history.add_run(_run_row(run, complete_to))
    published = tuple(history.published())
    if months := _months(published, 0):
        history.drop_snapshots(before=max(months))
    runs = history.runs()
    carried = previous if previous and not due and _is_release_of_today(previous) else None
    if carried:
        shutil.copytree(carried / SUMMARY, root / SUMMARY)
        tables = {table: _read_release(root, table) for table in _names()}
    else:
        tables = star.tables(history, _run_row(run, complete_to), settings)
        for contract in schemas.published_tables():
            parquet_files.write(contract, tables[contract.table], root / SUMMARY)
        write_totals(root / SUMMARY / WORKBOOK, tables, run)
        require_totals(root / SUMMARY / WORKBOOK, tables)
    order = 0 if runs is None else len(runs)
    return SummaryResult(new=due, published=published, tables=tables, order=order, carried=carried)


def _names() -> list[str]:
    return [contract.table for contract in schemas.published_tables()]


def _is_release_of_today(run: Path) -> bool:
    """Whether a run's release has the tables, columns and workbook that the program publishes today."""
    return (run / SUMMARY / WORKBOOK).exists() and all(
        (run / SUMMARY / f"{contract.table}.parquet").exists()
        and pq.read_schema(run / SUMMARY / f"{contract.table}.parquet") == arrow_schema(contract)
        for contract in schemas.published_tables()
    )


def _read_release(root: Path, table: str) -> pa.Table:
    return pq.read_table(root / SUMMARY / f"{table}.parquet")


def _recorded_months() -> str:
    """A month without any event lies before the extracts begin: nothing was observed, so nothing is 0.

    What was once recorded of people, such as a vaccine, is no event of the months that follow.
    """
    stocks = indicators().index[indicators()["stock"]]
    events = f"SELECT month FROM monthly_events WHERE indicator NOT IN ({', '.join(map(literal, stocks))})"
    return f"SELECT month FROM monthly_register INTERSECT {events} ORDER BY month"


def snapshot(dispositions: pd.DataFrame, as_of: date, capacity: Capacity) -> pd.DataFrame:
    """The run's dispositions with the groups they are counted in, one row a patient.

    The places of each group that shares them stand on one of its people, so that they are counted once.
    """
    text = {
        column: dispositions[column].astype("string")
        for column in ("patient_id", "practice_id", "disposition", "place")
    }
    groups = {
        "sex": dispositions["sex"],
        "age_band": age_band(dispositions["age"]),
        "imd_quintile": dispositions["imd_quintile"].astype("Int64"),
        "ethnicity_group": dispositions["ethnicity"],
    }
    declared = {kind: canonical(kind, groups[kind]).astype("string") for kind in breakdown_types()}
    sharing = pd.Series(capacity_groups(dispositions, capacity), index=dispositions.index)
    places = places_of_each(sharing, capacity).where(~sharing.duplicated(), 0)
    return pd.DataFrame({"month": as_of.replace(day=1), **text, **declared, "list_places": places})


def _publish(
    engine: Engine,
    history: History,
    due: tuple[Due, ...],
    settings: SummarySettings,
    run: RunStamp,
    open_month: date,
    hidden_facts: Collection[str],
) -> None:
    """Count, protect and prove what is due, period after period, and put its rows into the history."""
    new = _months(due, 0)
    months = {month for one in due for month in one.period.months}
    snapshots = history.snapshots()
    counted = count(engine, months, new, snapshots, history.membership())
    history.add_membership(counted.membership[counted.membership["month"].isin(new)])
    versions = fact_rows.organisation_versions(history.membership())
    released = _released(history, versions)
    first, starts = _first_months(history, counted, new) if due else {}, source_starts(engine)
    for one in due:
        before = add_months(one.period.start, -1)
        missing = unobserved(engine, bool((snapshots["month"] == before).any()), hidden_facts)
        missing |= begun_later(starts, one.period.start)
        maker = Maker(counted, released, settings.suppression, missing, first)
        rows = _period_rows(maker, history, one, is_settled(one.period.last_month, open_month))
        keys = fact_rows.keys_in(versions, one.period.last_month)
        provisional = not is_settled(one.period.last_month, open_month)
        stamped = fact_rows.stamped(rows, keys, one, provisional=provisional, run_id=run.run_id)
        if one.revision:
            stamped = pd.concat([stamped, _unrevised(history, one, keys)], ignore_index=True)
        released.add(one.period, stamped)
        history.add_period(one, stamped)
        if one.period.kind == "year":
            strata = age_sex_counts(engine)
            rates = standardised(strata, counted.membership, one.period, released.unshown(one.period), keys)
            history.add_rates(one.period, rates.assign(run_id=run.run_id))


def _period_rows(maker: Maker, history: History, due: Due, settled: bool) -> pd.DataFrame:
    """A period's protected rows; what its revision needs is kept, or dropped once it has been revised."""
    month = due.period.start
    figures = maker.figures(due, history.audit(month) if due.revision else None)
    if due.revision:
        history.drop_audit(month)
    elif not settled:
        history.add_audit(month, figures.known)
    history.add_disclosure({"period_key": due.period.key, "revision": due.revision, **figures.record})
    cells = pd.concat([figures.cells, figures.silent], ignore_index=True)
    return fact_rows.indicator_rows(cells, maker.unobserved, maker.rule)


def _released(history: History, versions: pd.DataFrame) -> Released:
    """What stands published, latest revisions last."""
    places = versions[["org_key", "org_level", "org_code"]]
    released = Released()
    for due in sorted(history.published(), key=lambda due: due.revision):
        released.add(due.period, history.rows(due).merge(places, on="org_key"))
    return released


def _first_months(history: History, counted: Counted, new: tuple[date, ...]) -> dict[str, date]:
    """Each cohort's first published month: stocks are broken down then, and each March."""
    earlier = [due.period.start for due in history.published() if due.period.kind == "month"]
    placed = counted.finest.loc[counted.finest["indicator_id"] == COHORTS["placed"], "month"]
    first = {"register": min([*earlier, *new])}
    runs = history.first_placed()
    known = [month for month in (runs, *placed) if month is not None]
    return first | ({"placed": min(known)} if known else {})


def _unrevised(history: History, due: Due, keys: pd.DataFrame) -> pd.DataFrame:
    """First figures of what no later extract can change (dispositions), beside the revised ones."""
    first = history.rows(Due(due.period, 0))
    placed = indicators().index[indicators()["cohort"] == "placed"]
    rows = first[first["indicator_id"].isin(placed)].merge(keys, on="org_key")
    return rows.assign(revision=due.revision, is_provisional=False)


def _run_row(run: RunStamp, complete_to: date) -> dict[str, object]:
    return {
        "run_id": run.run_id,
        "title": run.title,
        "as_of": run.as_of,
        "index_date": run.index_date,
        "complete_to": complete_to,
        "policy": run.policy,
        "model": run.model,
        "synthetic": run.synthetic,
        "schema_version": schemas.schema_version(),
    }
