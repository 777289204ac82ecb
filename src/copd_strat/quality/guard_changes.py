"""Comparisons of the run guard: each compares counts and gives what stands out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from math import sqrt
from statistics import median

from copd_strat.config import GuardSettings
from copd_strat.quality.findings import Level
from copd_strat.quality.guard_rules import GUARD_RULES
from copd_strat.quality.guard_volumes import Activity, month_of, months_between

Counts = Mapping[str, int]

# By how many standard deviations of a count (its square root) a change must exceed chance. Records come in
# bursts, people do not. Project choices, as are the other numbers here.
CHANCE_OF_RECORDS, CHANCE_OF_PEOPLE = 6.0, 3.0
USUAL_MONTHS = 24
STOPPED_SHARE = 0.10
FEWEST_PATIENTS = 10


@dataclass(frozen=True, kw_only=True)
class Movement:
    """What moved: from ``before`` (last run, usual, or allowed) to ``now``.

    ``subject`` is a source table, a canonical one, a concept or a disposition; ``month`` and ``practice`` say
    which part of it. Whether it counts as a cause of its own is judged with all the others (``causes``).
    """

    code: str
    level: Level
    subject: str
    before: float
    now: float
    month: str | None = None
    practice: str | None = None

    @property
    def words(self) -> str:
        """'rows 20,000 → 10,000 (-50 %)', with what is compared where it is not the last run."""
        change = f" ({100 * (self.now / self.before - 1):+.0f} %)" if self.before else ""
        return f"{GUARD_RULES[self.code].unit} {self.before:,.0f} → {self.now:,.0f}{change}"


def moved(code: str, before: Counts | None, now: Counts, limit: float, chance: float) -> Iterator[Movement]:
    """Subjects of the last run whose count changed, up or down, by more than ``limit`` (warn: half of it)."""
    for subject, earlier in (before or {}).items():
        tonight = now.get(subject, 0)
        if level := _level(earlier, tonight, limit, chance):
            yield Movement(code=code, level=level, subject=subject, before=earlier, now=tonight)


def _level(before: float, now: float, limit: float, chance: float) -> Level | None:
    change = abs(now - before)
    if before <= 0 or change <= chance * sqrt(max(before, now)):
        return None
    if change > limit * before:
        return "fail"
    return "warn" if change > limit * before / 2 else None


def stale(latest: date | None, as_of: date, settings: GuardSettings) -> Iterator[Movement]:
    limit = settings.max_extract_age_days
    if latest is None:
        yield Movement(code="GRD10", level="fail", subject="GP records", before=0, now=0)
    elif (age := (as_of - latest).days) > limit:
        yield Movement(
            code="GRD01", level="fail", subject=f"GP records up to {latest}", before=limit, now=age
        )


def low_months(
    table: str, months: Counts, complete_to: date, known: Counts, settings: GuardSettings
) -> Iterator[Movement]:
    """Closed months below ``min_month_share`` of their median; one that was as low last run only warns."""
    closed = _closed(months, complete_to)[-USUAL_MONTHS:]
    usual = median(months.get(month, 0) for month in closed) if closed else 0
    for month in closed:
        records = months.get(month, 0)
        if level := _below(records, usual, settings.min_month_share):
            as_before = month in known and known[month] <= records
            yield Movement(
                code="GRD06",
                level="warn" if as_before else level,
                subject=table,
                month=month,
                before=usual,
                now=records,
            )


def _closed(months: Counts, complete_to: date) -> list[str]:
    """Months that are complete: not the first, which an extract may begin within, nor one it ends within."""
    if not months:
        return []
    first = date.fromisoformat(f"{min(months)}-01")
    after = complete_to + timedelta(days=1)
    return [month for month in months_between(first, complete_to)[1:] if month < month_of(after)]


def _below(now: float, usual: float, share: float) -> Level | None:
    """Fewer than ``share`` of the usual fails; fewer than half way from there to the usual warns."""
    if usual - now <= CHANCE_OF_RECORDS * sqrt(usual):
        return None
    if now < share * usual:
        return "fail"
    return "warn" if share > 0 and now < (1 + share) / 2 * usual else None


def shrunk_months(
    last: Mapping[str, Counts], months: Mapping[str, Counts], settings: GuardSettings
) -> Iterator[Movement]:
    """Months with fewer records than last run, after tonight's first: earlier ones may have rolled out."""
    for table, before in last.items():
        now = months.get(table, {})
        comparable = {month: count for month, count in before.items() if now and month > min(now)}
        for found in moved("GRD07", comparable, now, settings.max_rows_change, CHANCE_OF_RECORDS):
            if found.now < found.before:
                yield replace(found, subject=table, month=found.subject)


def lost_practices(last: Counts, now: Counts, settings: GuardSettings) -> Iterator[Movement]:
    """Practices of the last run that are gone (fail; warn if tiny), or have lost many patients (warn)."""
    limit = settings.max_patients_change
    for practice, before in last.items():
        patients = now.get(practice, 0)
        gone = patients == 0 and limit < 1
        if gone or (patients < before and _level(before, patients, limit, CHANCE_OF_PEOPLE) == "fail"):
            level: Level = "fail" if gone and before >= FEWEST_PATIENTS else "warn"
            yield Movement(
                code="GRD04",
                level=level,
                subject="patients",
                practice=practice,
                before=before,
                now=patients,
            )


def quiet_practices(practices: Mapping[str, Activity], settings: GuardSettings) -> Iterator[Movement]:
    """Practices whose registered patients' records have stopped (fail) or become few (warn), by GP table."""
    for table in sorted({table for activity in practices.values() for table in activity.recent}):
        patients = sum(activity.patients for activity in practices.values())
        overall = sum(activity.recent[table] for activity in practices.values()) / max(patients, 1)
        for practice, activity in practices.items():
            recent, own = activity.recent[table], median(activity.earlier[table])
            silent = recent == 0 and not any(activity.earlier[table])
            usual = overall * activity.patients if silent else own
            if level := _quiet(recent, usual, settings.min_month_share):
                yield Movement(
                    code="GRD05", level=level, subject=table, practice=practice, before=usual, now=recent
                )


def _quiet(recent: float, usual: float, share: float) -> Level | None:
    below = _below(recent, usual, share)
    return "warn" if below == "fail" and recent >= STOPPED_SHARE * usual else below
