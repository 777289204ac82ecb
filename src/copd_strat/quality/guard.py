"""The run guard: tonight's data against the last good run and against their own history (docs/run-guard.md).

Thresholds are the site's (``guard`` in the configuration); half of a threshold warns. A difference that
chance could make in so few records, or so few people, never counts: small practices stay quiet.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from typing import Any

from copd_strat.config import GuardSettings
from copd_strat.engine import Engine
from copd_strat.errors import RunGuardError
from copd_strat.quality.guard_changes import (
    CHANCE_OF_PEOPLE,
    CHANCE_OF_RECORDS,
    GuardFinding,
    lost_practices,
    low_months,
    moved,
    quiet_practices,
    shrunk_months,
    stale,
)
from copd_strat.quality.guard_rules import GUARD_RULES
from copd_strat.quality.guard_volumes import GP_TABLES, Volumes, concept_volumes, measure

__all__ = ["GuardFinding", "GuardReport", "check", "check_concepts", "check_dispositions"]

# Hospital records of the last two months are still being coded when they arrive.
_HOSPITAL_LAG = timedelta(days=62)
# Kept by people, list by list: these tables grow and shrink with their work.
_HAND_MADE = ("decisions", "local_flags")
_KEPT_MONTHS = 60
_SHOWN = 20


@dataclass(frozen=True, kw_only=True)
class GuardReport:
    """Tonight's numbers, to be kept for the next night, and what of them stands out."""

    tables: Mapping[str, int]
    patients: int
    practices: Mapping[str, int]
    months: Mapping[str, Mapping[str, int]]
    latest: date | None
    findings: tuple[GuardFinding, ...]
    concepts: Mapping[str, int] | None = None
    dispositions: Mapping[str, int] | None = None

    @property
    def warnings(self) -> tuple[str, ...]:
        return tuple(found.sentence for found in self.findings if found.level == "warn")

    def to_json(self) -> dict[str, Any]:
        """Kept in the manifest; the next run is given it back as ``previous``."""
        return asdict(self) | {"latest": self.latest.isoformat() if self.latest else None}


def check(
    engine: Engine,
    landing_totals: Mapping[str, Mapping[str, int]],
    previous: Mapping[str, Any] | None,
    settings: GuardSettings,
    as_of: date,
    gp_complete_to: date | None = None,
) -> GuardReport:
    """Tonight's report; RunGuardError (exit 13) says what moved, by how much and what to do.

    ``landing_totals``: table → rows_in, loaded, quarantined, duplicates. ``previous``: ``to_json`` of the
    last good run's report, None on the first night. ``gp_complete_to``: last complete day of the GP records,
    if known.
    """
    volumes = measure(engine, as_of)
    report = GuardReport(
        tables={
            table: totals["loaded"]
            for table, totals in landing_totals.items()
            if not table.endswith(_HAND_MADE)
        },
        patients=volumes.patients,
        practices={practice: activity.patients for practice, activity in volumes.practices.items()},
        months={
            table: dict(list(counts.items())[-_KEPT_MONTHS:]) for table, counts in volumes.months.items()
        },
        latest=volumes.latest,
        findings=(),
    )
    own = _compare_with_history(volumes, previous or {}, settings, as_of, gp_complete_to)
    last = _compare_with_last_run(report, previous or {}, settings)
    return _passed(report, (*own, *last))


def _compare_with_history(
    volumes: Volumes,
    last: Mapping[str, Any],
    settings: GuardSettings,
    as_of: date,
    gp_complete_to: date | None,
) -> Iterable[GuardFinding]:
    yield from stale(volumes.latest, as_of, settings)
    yield from quiet_practices(volumes.practices, settings)
    for table, months in volumes.months.items():
        known = (last.get("months") or {}).get(table, {})
        yield from low_months(table, months, _complete_to(table, volumes, gp_complete_to), known, settings)


def _complete_to(table: str, volumes: Volumes, gp_complete_to: date | None) -> date:
    if table in GP_TABLES:
        return gp_complete_to or volumes.latest or max(volumes.days[table])
    return max(volumes.days[table]) - _HOSPITAL_LAG


def _compare_with_last_run(
    report: GuardReport, last: Mapping[str, Any], settings: GuardSettings
) -> Iterable[GuardFinding]:
    people = {"patients": last["patients"]} if "patients" in last else None
    yield from moved("GRD02", last.get("tables"), report.tables, settings.max_rows_change, CHANCE_OF_RECORDS)
    yield from moved(
        "GRD03", people, {"patients": report.patients}, settings.max_patients_change, CHANCE_OF_PEOPLE
    )
    yield from lost_practices(last.get("practices") or {}, report.practices, settings)
    yield from shrunk_months(last.get("months") or {}, report.months, settings)


def check_concepts(
    engine: Engine, report: GuardReport, previous: Mapping[str, Any] | None, settings: GuardSettings
) -> GuardReport:
    """``report`` with events by concept, compared with the last good run; called after the code lists."""
    concepts = concept_volumes(engine)
    last = (previous or {}).get("concepts")
    found = moved("GRD08", last, concepts, settings.max_rows_change, CHANCE_OF_RECORDS)
    return _passed(replace(report, concepts=concepts), found)


def check_dispositions(
    counts: Mapping[str, int],
    report: GuardReport,
    previous: Mapping[str, Any] | None,
    settings: GuardSettings,
) -> GuardReport:
    """``report`` with patients by disposition, compared with the last good run."""
    last = (previous or {}).get("dispositions")
    found = moved("GRD09", last, counts, settings.max_disposition_change, CHANCE_OF_PEOPLE)
    return _passed(replace(report, dispositions=dict(counts)), found)


def _passed(report: GuardReport, findings: Iterable[GuardFinding]) -> GuardReport:
    """``report`` with ``findings`` added, if none of them stops the run."""
    added = tuple(findings)
    failed = [found for found in added if found.level == "fail"]
    if not failed:
        return replace(report, findings=(*report.findings, *added))
    lines = [f"  - {found.sentence}" for found in failed[:_SHOWN]]
    if len(failed) > _SHOWN:
        lines.append(f"  - and {len(failed) - _SHOWN} more")
    rules = [GUARD_RULES[code] for code in dict.fromkeys(found.code for found in failed)]
    mends = [f"{rule.fix} ({rule.threshold} sets the limit)" for rule in rules]
    raise RunGuardError(
        "the data moved more than the guard allows; the last good run stays published\n" + "\n".join(lines),
        fix="; ".join(mends) + ". docs/run-guard.md says how to let a change through that is meant",
    )
