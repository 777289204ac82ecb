"""True counts of every cell of the lattice, a month at a time. They never leave this room unprotected."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pandas as pd
import pyarrow as pa

from copd_strat.contracts.own_tables import column_names, own_table
from copd_strat.engine import Engine, literal
from copd_strat.summary.cube import (
    COHORTS,
    LEVELS,
    breakdown_types,
    canonical,
    declared_values,
    indicators,
)
from copd_strat.summary.indicator_events import events_of_people

CELL_KEY = ["indicator_id", "org_level", "org_code", "breakdown_type", "breakdown_value"]
GROUPS = list(breakdown_types())
#: What an indicator ``needs`` that compares with the dispositions of the month before.
EARLIER_MONTH = "earlier_month"


@dataclass(frozen=True)
class Due:
    """A month to publish; revision 0 is its first publication."""

    month: date
    revision: int


def prepare(
    engine: Engine, due: tuple[Due, ...], snapshots: pd.DataFrame, published_membership: pd.DataFrame
) -> None:
    """Make ``summary_counts`` and ``summary_membership`` for the months due.

    ``snapshots``: one row a month and patient (as history keeps them). A revised month keeps the
    membership under which it was first published; a practice unknown then is left out of the revision.
    """
    engine.register_frame(
        "summary_due",
        _dated(pd.DataFrame({"month": [d.month for d in due], "revision": [d.revision for d in due]})),
    )
    engine.register_frame("summary_snapshots", _dated(snapshots))
    engine.materialise("summary", "summary_people")
    events_of_people(engine)
    engine.materialise("summary", "month_end_membership")
    revised = [d.month for d in due if d.revision]
    fresh = engine.frame("SELECT * FROM month_end_membership ORDER BY month, practice").astype("object")
    kept = published_membership[published_membership["month"].isin(revised)]
    columns = membership_columns()
    membership = pd.concat([fresh[~fresh["month"].isin(revised)], kept])[columns]
    engine.register_frame(
        "summary_membership", _dated(membership.astype(dict.fromkeys(columns[1:], "string")))
    )
    engine.materialise("summary", "summary_counts")


def membership_columns() -> list[str]:
    """The columns of month-end membership: month, practice and the organisations above it."""
    return list(column_names(own_table("internal", "history_membership")))


def _dated(frame: pd.DataFrame) -> pd.DataFrame:
    """``month`` as a date also where the frame is empty."""
    return frame.assign(month=frame["month"].astype(pd.ArrowDtype(pa.date32())))


def membership_of(engine: Engine, month: date) -> pd.DataFrame:
    """One row a practice (``membership_columns``) for one month due."""
    select = f"SELECT * FROM summary_membership WHERE month = {literal(month)} ORDER BY practice"
    return engine.frame(select).astype("object")[membership_columns()]


def unobserved(engine: Engine, has_earlier_snapshot: bool) -> frozenset[str]:
    """Indicators that no source covers: these are published as insufficient data, never as 0."""
    present = {name for name, here in engine.rows("SELECT table_name, present FROM source_tables") if here}
    if has_earlier_snapshot:
        present.add(EARLIER_MONTH)
    needs = indicators()["needs"]
    return frozenset(needs.index[(needs != "") & ~needs.isin(present)])


def true_cells(engine: Engine, month: date, membership: pd.DataFrame) -> pd.DataFrame:
    """Every cell of the lattice in one month: CELL_KEY and the true count ``n``, zeros included.

    A cohort without anybody (no run in the month, so no dispositions) has no cells at all.
    """
    finest = engine.frame(
        "SELECT indicator_id, org_level, org_code, breakdown_type, breakdown_value, n FROM summary_counts"
        f" WHERE month = {literal(month)}"
    ).astype({"n": "int64"})
    finest = finest.astype(dict.fromkeys(CELL_KEY, "object"))
    for kind in GROUPS:
        rows = finest["breakdown_type"] == kind
        finest.loc[rows, "breakdown_value"] = canonical(kind, finest.loc[rows, "breakdown_value"])
    finest = _summed(finest)
    grids = [_filled(finest, cohort, membership) for cohort in COHORTS]
    return _with_higher_levels(pd.concat(grids, ignore_index=True), membership)


def _filled(finest: pd.DataFrame, cohort: str, membership: pd.DataFrame) -> pd.DataFrame:
    """The finest cells of a cohort's indicators, with a row for every declared cell of its practices."""
    people = finest[(finest["indicator_id"] == COHORTS[cohort]) & (finest["org_level"] == "practice")]
    practices = sorted(people["org_code"])
    pcns = sorted(set(membership.loc[membership["practice"].isin(practices), "pcn"]))
    grid = [
        (row.indicator_id, level, code, kind, value)
        for row in indicators().itertuples()
        if row.cohort == cohort
        for level, codes, kinds in (
            ("practice", practices, ["all"]),
            ("pcn", pcns, GROUPS if row.has_breakdowns else []),
        )
        for code in codes
        for kind in kinds
        for value in declared_values(kind)
    ]
    cells = pd.DataFrame(grid, columns=CELL_KEY, dtype="object")
    merged = cells.merge(finest, on=CELL_KEY, how="left")
    return merged.assign(n=merged["n"].fillna(0).astype("int64"))


def _summed(cells: pd.DataFrame) -> pd.DataFrame:
    return cells.groupby(CELL_KEY)[["n"]].sum().reset_index()


def _with_higher_levels(finest: pd.DataFrame, membership: pd.DataFrame) -> pd.DataFrame:
    """The finest cells and their sums: totals of PCN and above from practices, breakdowns from PCNs."""
    parts = [finest]
    for low, highs in (("practice", LEVELS[1:]), ("pcn", LEVELS[2:])):
        rows = finest[finest["org_level"] == low]
        above = membership.drop_duplicates(low).set_index(low)
        parts += [
            _summed(rows.assign(org_level=level, org_code=rows["org_code"].map(above[level])))
            for level in highs
        ]
    return pd.concat(parts, ignore_index=True).sort_values(CELL_KEY, ignore_index=True)
