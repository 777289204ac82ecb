"""The commissioners' summary: closed months, counted, protected, audited, written as a star schema."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd
import pyarrow as pa

from copd_strat.config import SummarySettings
from copd_strat.engine import Engine
from copd_strat.plan import RunStamp
from copd_strat.summary import fact_rows, parquet_files, schemas, star
from copd_strat.summary.counts import CELL_KEY, GROUPS, Due, membership_of, prepare, true_cells, unobserved
from copd_strat.summary.cube import age_band, canonical, indicators
from copd_strat.summary.month_history import FOLDER, History, due_months, first_open_month, is_settled
from copd_strat.summary.protect import KNOWN, protect

SUMMARY = "summary"
# A month without any event lies before the extracts begin: nothing was observed, so nothing is 0.
_RECORDED_MONTHS = (
    "SELECT month FROM monthly_register INTERSECT SELECT month FROM monthly_events ORDER BY month"
)


@dataclass(frozen=True)
class SummaryResult:
    """What was published now, what stands published in all, and the tables as they were written."""

    new_months: tuple[date, ...]
    revised_months: tuple[date, ...]
    published_months: tuple[date, ...]
    tables: dict[str, pa.Table]

    @property
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

    def record(self) -> dict[str, dict[str, list[date]]]:
        """What the manifest keeps."""
        return {
            "months": {
                "new": list(self.new_months),
                "revised": list(self.revised_months),
                "published": list(self.published_months),
            }
        }


def months_to_count(previous: Path | None, settings: SummarySettings, complete_to: date) -> tuple[date, ...]:
    """First days of the months that ``write_summary`` will publish or revise: none on most nights."""
    history = None if previous is None else History(previous / FOLDER)
    return tuple(due.month for due in due_months(history, complete_to, settings.months))


def write_summary(
    root: Path,
    engine: Engine,
    dispositions: pd.DataFrame,
    previous: Path | None,
    settings: SummarySettings,
    run: RunStamp,
    *,
    complete_to: date,
) -> SummaryResult:
    """Write ``root/summary`` and ``root/history``; months published before are carried over as they are.

    ``engine`` holds monthly_register, monthly_events, organisations and source_tables; ``dispositions``
    is one row a patient (patient_id, practice_id, disposition, place, sex, age, imd_quintile,
    ethnicity) and counts only once its month has closed. ``previous`` is the last published run's
    folder. DisclosureError if a hidden count could be worked out.
    """
    history = History.carried_forward(root, previous)
    history.replace_snapshot(run.as_of.replace(day=1), snapshot(dispositions, run.as_of))
    recorded = {row[0] for row in engine.rows(_RECORDED_MONTHS)}
    due = tuple(one for one in due_months(history, complete_to, settings.months) if one.month in recorded)
    if due:
        prepare(engine, due, history.snapshots(), history.membership())
        for one in due:
            _publish_month(engine, history, one, settings, run, first_open_month(complete_to))
        history.add_run(_run_row(run, complete_to))
    published = sorted({one.month for one in history.published()})
    if published:
        history.drop_snapshots(before=published[-1])
    tables = star.tables(history, _run_row(run, complete_to))
    for contract in schemas.published_tables():
        parquet_files.write(contract, tables[contract.table], root / SUMMARY)
    return SummaryResult(
        new_months=tuple(one.month for one in due if not one.revision),
        revised_months=tuple(one.month for one in due if one.revision),
        published_months=tuple(published),
        tables=tables,
    )


def snapshot(dispositions: pd.DataFrame, as_of: date) -> pd.DataFrame:
    """The run's dispositions with the groups they are counted in, one row a patient."""
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
    declared = {kind: canonical(kind, groups[kind]).astype("string") for kind in GROUPS}
    return pd.DataFrame({"month": as_of.replace(day=1), **text, **declared})


def _publish_month(
    engine: Engine, history: History, due: Due, settings: SummarySettings, run: RunStamp, open_month: date
) -> None:
    """Count, protect and audit one month, and put its rows into the history."""
    membership = membership_of(engine, due.month)
    snapshots = history.snapshots()
    has_before = bool((snapshots["month"] == fact_rows.add_months(due.month, -1)).any())
    missing = unobserved(engine, has_before)
    cells = true_cells(engine, due.month, membership)
    observed = cells[~cells["indicator_id"].isin(missing)]
    earlier = history.audit(due.month) if due.revision else None
    protected = protect(observed, membership, settings.suppression, earlier)
    silent = cells[cells["indicator_id"].isin(missing)].assign(published=pd.Series(dtype="Int64"))
    rows = fact_rows.indicator_rows(
        pd.concat([protected, silent], ignore_index=True), missing, settings.suppression
    )
    if not due.revision:
        history.add_membership(membership)
    keys = fact_rows.keys_in(fact_rows.organisation_versions(history.membership()), due.month)
    provisional = not is_settled(due.month, open_month)
    stamped = fact_rows.stamped(
        rows, keys, due.month, revision=due.revision, provisional=provisional, run_id=run.run_id
    )
    if due.revision:
        stamped = pd.concat([stamped, _unrevised(history, due)], ignore_index=True)
        history.drop_audit(due.month)
    elif provisional:
        history.add_audit(due.month, protected[[*CELL_KEY, *KNOWN]])
    history.add_month(due, stamped)


def _unrevised(history: History, due: Due) -> pd.DataFrame:
    """First figures of what no later extract can change (dispositions), beside the revised ones."""
    first = history.rows(Due(due.month, 0))
    placed = indicators().index[indicators()["cohort"] == "placed"]
    return first[first["indicator_id"].isin(placed)].assign(revision=due.revision, is_provisional=False)


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
