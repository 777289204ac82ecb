"""What the run guard compares: small tables of counts, by day, practice and concept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from copd_strat.engine import Engine, packaged_sql, render

GP_TABLES = ("gp_events", "prescriptions")
WINDOW_DAYS, EARLIER_WINDOWS = 28, 6
# A stray late date must not hide that an extract is old: up to one record in so many may lie after "latest".
_STRAY = 10_000


@dataclass(frozen=True, kw_only=True)
class Activity:
    """A practice: patients registered, and records by GP table in the latest window and the ones before."""

    patients: int
    recent: Mapping[str, int]
    earlier: Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, kw_only=True)
class Volumes:
    """Counts of a night: records by table and day, distinct patients, activity by practice.

    ``latest`` is the last day of the GP records, None if there is none.
    """

    days: Mapping[str, Mapping[date, int]]
    patients: int
    practices: Mapping[str, Activity]
    latest: date | None

    @property
    def months(self) -> dict[str, dict[str, int]]:
        """Records by table and month (``2026-03``), from the first to the last, empty months included."""
        return {table: _by_month(days) for table, days in sorted(self.days.items())}


def _by_month(days: Mapping[date, int]) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for day, records in days.items():
        counts[month_of(day)] += records
    return {month: counts[month] for month in months_between(min(days), max(days))}


def month_of(day: date) -> str:
    return f"{day:%Y-%m}"


def months_between(first: date, last: date) -> list[str]:
    """Every month from that of ``first`` to that of ``last``."""
    numbers = range(first.year * 12 + first.month - 1, last.year * 12 + last.month)
    return [f"{number // 12:04d}-{number % 12 + 1:02d}" for number in numbers]


def measure(engine: Engine, as_of: date) -> Volumes:
    """Count what is in ``gp_events, prescriptions, hospital_episodes`` and ``patients``."""
    days: dict[str, dict[date, int]] = {}
    for table, day, records in engine.rows(render(packaged_sql("quality", "guard_days"), {"as_of": as_of})):
        days.setdefault(table, {})[day] = records
    latest = _latest(days)
    return Volumes(
        days=days,
        patients=engine.scalar("SELECT count(DISTINCT patient_id) FROM patients"),
        practices=_practices(engine, latest or as_of),
        latest=latest,
    )


def _latest(days: Mapping[str, Mapping[date, int]]) -> date | None:
    records: Counter[date] = Counter()
    for table in GP_TABLES:
        records.update(days.get(table, {}))
    allowed = records.total() // _STRAY
    for day in sorted(records, reverse=True):
        allowed -= records[day]
        if allowed < 0:
            return day
    return None


def _practices(engine: Engine, day: date) -> dict[str, Activity]:
    engine.materialise("quality", "guard_registered", day=day)
    start = day - timedelta(days=WINDOW_DAYS * (EARLIER_WINDOWS + 1))
    rows = engine.rows(
        render(
            packaged_sql("quality", "guard_activity"),
            {"day": day, "start": start, "window_days": WINDOW_DAYS},
        )
    )
    records = {(practice, table, window): count for practice, table, window, count in rows}
    sizes = engine.rows("SELECT practice_id, count(*) FROM guard_registered GROUP BY practice_id ORDER BY 1")
    return {
        practice: Activity(
            patients=patients,
            recent={table: records.get((practice, table, 0), 0) for table in GP_TABLES},
            earlier={
                table: tuple(records.get((practice, table, n), 0) for n in range(1, EARLIER_WINDOWS + 1))
                for table in GP_TABLES
            },
        )
        for practice, patients in sizes
    }


def concept_volumes(engine: Engine) -> dict[str, int]:
    """Events by concept, once the code lists are joined."""
    return dict(engine.rows("SELECT concept, events FROM concept_counts ORDER BY concept"))
