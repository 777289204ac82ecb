"""True counts of the finest cells, by month. They never leave this room unprotected."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import pandas as pd
import pyarrow as pa

from copd_strat.contracts.own_tables import column_names, own_table
from copd_strat.engine import Engine, literal, packaged_sql, render
from copd_strat.summary.count_table import CELL_KEY
from copd_strat.summary.cube import LEVELS, breakdown_types, breakdowns, canonical, indicators
from copd_strat.summary.indicator_events import events_of_people
from copd_strat.summary.standardisation import STANDARDISED

#: What an indicator ``needs`` that compares with the dispositions of the month before.
EARLIER_MONTH = "earlier_month"
#: Sources of events that may begin later than the GP record, with the day of an event.
_DAY_OF_SOURCE = {
    "hospital_episodes": "admission_date",
    "ed_attendances": "arrival_date",
    "community_contacts": "contact_date",
    "app_activity": "activity_date",
    "decisions": "decided_on",
}


@dataclass(frozen=True)
class Counted:
    """``finest``: month, CELL_KEY, n of practice totals and network breakdowns; ``membership`` of the months."""

    finest: pd.DataFrame
    membership: pd.DataFrame

    def within(self, months: Collection[date]) -> pd.DataFrame:
        """``finest`` of some months."""
        rows = [self._by_month[month] for month in months if month in self._by_month]
        return pd.concat(rows) if rows else self.finest[:0]

    @cached_property
    def _by_month(self) -> dict[Any, pd.DataFrame]:
        return dict(iter(self.finest.groupby("month")))


def count(
    engine: Engine,
    months: Collection[date],
    new: Collection[date],
    snapshots: pd.DataFrame,
    published_membership: pd.DataFrame,
) -> Counted:
    """The finest counts of ``months``; dispositions of those that are ``new`` only.

    ``snapshots``: one row a month and patient (as history keeps them). A month counted again keeps the
    membership under which it was first published; a practice unknown then is left out.
    """
    due = [(month, int(month not in new)) for month in sorted(months)]
    engine.register_frame("summary_due", _dated(pd.DataFrame(due, columns=["month", "revision"])))
    engine.register_frame("summary_snapshots", _dated(snapshots))
    engine.create_view("summary_people", packaged_sql("summary", "summary_people"))
    events_of_people(engine)
    engine.materialise("summary", "month_end_membership")
    membership = _membership(engine, months, new, published_membership)
    columns = membership_columns()
    engine.register_frame(
        "summary_membership", _dated(membership.astype(dict.fromkeys(columns[1:], "string")))
    )
    return Counted(_finest(engine, sorted(months), membership), membership)


def _membership(
    engine: Engine, months: Collection[date], new: Collection[date], published: pd.DataFrame
) -> pd.DataFrame:
    fresh = engine.frame("SELECT * FROM month_end_membership ORDER BY month, practice").astype("object")
    fresh["month"] = fresh["month"].map(lambda month: pd.Timestamp(month).date())
    kept = published[published["month"].isin(set(months) - set(new))]
    return pd.concat([fresh[fresh["month"].isin(new)], kept], ignore_index=True)[membership_columns()]


def _finest(engine: Engine, months: Sequence[date], membership: pd.DataFrame) -> pd.DataFrame:
    """Counted month after month, its many repeated words kept once, so that little memory will do."""
    words = {
        "indicator_id": indicators().index,
        "org_level": LEVELS[:2],
        "org_code": pd.unique(pd.concat([membership[level] for level in LEVELS[:2]])),
        "breakdown_type": breakdowns()["breakdown_type"].unique(),
        "breakdown_value": breakdowns()["breakdown_value"].unique(),
    }
    types = {column: pd.CategoricalDtype(words[column]) for column in CELL_KEY}
    return pd.concat([_of_month(engine, month).astype(types) for month in months], ignore_index=True)


def _of_month(engine: Engine, month: date) -> pd.DataFrame:
    counted = engine.frame(render(packaged_sql("summary", "summary_counts"), {"month": month}))
    rows = counted.astype(dict.fromkeys(CELL_KEY, "object") | {"n": "int64"}).assign(month=month)
    for kind in breakdown_types():
        own = rows["breakdown_type"] == kind
        rows.loc[own, "breakdown_value"] = canonical(kind, rows.loc[own, "breakdown_value"])
    return rows.groupby(["month", *CELL_KEY])[["n"]].sum().reset_index()


def age_sex_counts(engine: Engine) -> pd.DataFrame:
    """month, practice_id, age_band, sex, indicator_id, n of what is standardised; after ``count``. True counts."""
    engine.register_frame("standardised_indicators", pd.DataFrame({"indicator": STANDARDISED}))
    rows = engine.frame(packaged_sql("summary", "standard_strata")).astype({"n": "int64"})
    rows["month"] = rows["month"].map(lambda month: pd.Timestamp(month).date())
    return rows


def membership_columns() -> list[str]:
    """The columns of month-end membership: month, practice and the organisations above it."""
    return list(column_names(own_table("internal", "history_membership")))


def _dated(frame: pd.DataFrame) -> pd.DataFrame:
    """``month`` as a date also where the frame is empty."""
    return frame.assign(month=frame["month"].astype(pd.ArrowDtype(pa.date32())))


def source_starts(engine: Engine) -> dict[str, date]:
    """Indicator of events → the first month in which its source has a row; the last of all months where it has none.

    A source may begin long after the GP record does, and one service of it later still: only that service's own rows
    say that an indicator of it could be seen.
    """
    needed = _needed()
    pairs = needed.loc[needed["source"].isin(list(_DAY_OF_SOURCE)), ["source", "service"]]
    firsts = {pair: _first_month(engine, *pair) for pair in set(pairs.itertuples(index=False, name=None))}
    return {str(name): firsts[source, service] for name, source, service in pairs.itertuples(name=None)}


def _first_month(engine: Engine, source: str, service: str) -> date:
    rows = f"{source} WHERE service = {literal(service)}" if service else source
    first = engine.scalar(
        f"SELECT CAST(date_trunc('month', min({_DAY_OF_SOURCE[source]})) AS DATE) FROM {rows}"
    )
    return date.max if first is None else first


def begun_later(starts: Mapping[str, date], start: date) -> frozenset[str]:
    """Indicators whose source begins after the month of ``start``: nothing was observed then, so nothing is 0."""
    return frozenset(name for name, first in starts.items() if first > start)


def _needed() -> pd.DataFrame:
    """By indicator: ``source``, what it needs, and ``service``, the one service of that table that it counts."""
    parts = indicators()["needs"].str.partition(":")
    return pd.DataFrame({"source": parts[0], "service": parts[2]})


def unobserved(engine: Engine, has_earlier_snapshot: bool, hidden_facts: Collection[str]) -> frozenset[str]:
    """Indicators that no source covers: these are published as insufficient data, never as 0.

    What one needs is a source table, a concept with codes, or a fact that is none of ``hidden_facts``.
    """
    present = {name for name, here in engine.rows("SELECT table_name, present FROM source_tables") if here}
    present |= {name for (name,) in engine.rows("SELECT concept FROM concepts WHERE codes > 0")}
    present |= set(column_names(own_table("internal", "features"))) - set(hidden_facts)
    if has_earlier_snapshot:
        present.add(EARLIER_MONTH)
    needs = _needed()["source"]
    return frozenset(needs.index[(needs != "") & ~needs.isin(present)])
