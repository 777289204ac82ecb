"""The run guard: tonight's data against the last run and against their own history (docs/run-guard.md).

Thresholds are the site's (``guard`` in the configuration); half of a threshold warns. A difference that
chance could make in so few records, or so few people, never counts: small practices stay quiet.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import date, timedelta
from typing import Any

from copd_strat.config import GuardSettings
from copd_strat.extracts.receipts import TableReceipt
from copd_strat.quality.guard_answers import HAND_MADE, Answers, rows_by_hand
from copd_strat.quality.guard_changes import (
    CHANCE_OF_PEOPLE,
    CHANCE_OF_RECORDS,
    Movement,
    lost_practices,
    low_months,
    moved,
    quiet_practices,
    shrunk_months,
    stale,
)
from copd_strat.quality.guard_findings import unread_columns, whole_columns
from copd_strat.quality.guard_volumes import GP_TABLES, Volumes
from copd_strat.quality.verdict_sentences import gone_files

# Hospital records of the last two months are still being coded when they arrive.
_HOSPITAL_LAG = timedelta(days=62)
_KEPT_MONTHS = 60


@dataclass(frozen=True, kw_only=True)
class Figures:
    """A night's numbers, kept in its manifest for the next one to be compared with.

    ``tables``: accepted rows by source table; ``files``: rows in by source table and file; ``practices``:
    registered patients; ``months``: records by canonical table and month; ``columns``: those that every file of
    a source table had, ``unread`` those that no contract knows; ``linkage``: share of a source table's patients
    that are known; ``reached``: share of people with GP events, and with prescriptions; ``by_hand``: accepted rows
    of tables that people keep by hand; ``answers``: theirs by practice and month, as long as they may hold.
    """

    tables: Mapping[str, int]
    files: Mapping[str, Mapping[str, int]]
    patients: int
    practices: Mapping[str, int]
    months: Mapping[str, Mapping[str, int]]
    latest: date | None
    columns: Mapping[str, list[str]] = field(default_factory=dict)
    unread: Mapping[str, list[str]] = field(default_factory=dict)
    linkage: Mapping[str, float] = field(default_factory=dict)
    reached: Mapping[str, float] = field(default_factory=dict)
    by_hand: Mapping[str, int] = field(default_factory=dict)
    answers: Answers = field(default_factory=dict)
    concepts: Mapping[str, int] | None = None
    dispositions: Mapping[str, int] | None = None

    def to_json(self) -> dict[str, Any]:
        """What the manifest keeps; the next night is given it back."""
        return asdict(self) | {"latest": self.latest.isoformat() if self.latest else None}


def kept_figures(last: Mapping[str, Any]) -> dict[str, Any]:
    """Every figure of the last run, none on the first night; a run without one of them cannot be compared with."""
    return {figure.name: last[figure.name] for figure in fields(Figures)} if last else {}


def take_figures(volumes: Volumes, receipts: tuple[TableReceipt, ...], answers: Answers) -> Figures:
    """Tonight's numbers of the extracts; tables that people keep by hand stand apart."""
    tables: dict[str, int] = {}
    files: dict[str, dict[str, int]] = {}
    sent = {f"{one.layout}.{one.table}": one for one in sent_tables(receipts)}
    for receipt in sent_tables(receipts):
        name = f"{receipt.layout}.{receipt.table}"
        tables[name] = tables.get(name, 0) + receipt.totals["loaded"]
        files.setdefault(name, {}).update({file.name: file.rows_in for file in receipt.files})
    return Figures(
        tables=tables,
        files=files,
        patients=volumes.patients,
        practices={practice: activity.patients for practice, activity in volumes.practices.items()},
        months={
            table: dict(list(counts.items())[-_KEPT_MONTHS:]) for table, counts in volumes.months.items()
        },
        latest=volumes.latest,
        columns={name: whole_columns(receipt) for name, receipt in sent.items()},
        unread={name: unread_columns(receipt) for name, receipt in sent.items()},
        by_hand=rows_by_hand(receipts),
        answers=answers,
    )


def sent_tables(receipts: Iterable[TableReceipt]) -> list[TableReceipt]:
    """Those that a system sends; tables that people keep by hand grow, shrink and change as they like."""
    return [receipt for receipt in receipts if receipt.table not in HAND_MADE]


def with_counts(figures: Figures, **counts: Mapping[str, float]) -> Figures:
    """``figures`` with what is known later in the night: linkage, concepts, dispositions."""
    return replace(figures, **counts)  # type: ignore[arg-type]


def compare_extracts(
    volumes: Volumes,
    tonight: Figures,
    last: Mapping[str, Any],
    settings: GuardSettings,
    as_of: date,
    gp_complete_to: date | None = None,
) -> Iterator[Movement]:
    """All that moved further than ``settings`` allow, or half as far; what is let through only warns.

    ``last`` is ``Figures.to_json`` of the last run, empty on the first night; ``gp_complete_to`` the last
    complete day of the GP records, if the site has given it.
    """
    found = _compare_extracts(volumes, tonight, last, settings, as_of, gp_complete_to)
    yield from _let_through(found, settings)


def _let_through(movements: Iterable[Movement], settings: GuardSettings) -> Iterator[Movement]:
    for movement in movements:
        yield replace(movement, level="warn") if movement.code in settings.let_through else movement


def _compare_extracts(
    volumes: Volumes,
    tonight: Figures,
    last: Mapping[str, Any],
    settings: GuardSettings,
    as_of: date,
    gp_complete_to: date | None,
) -> Iterator[Movement]:
    yield from _compare_with_history(volumes, last, settings, as_of, gp_complete_to)
    people = {"patients": last["patients"]} if "patients" in last else None
    yield from moved("GRD02", last.get("tables"), tonight.tables, settings.max_rows_change, CHANCE_OF_RECORDS)
    yield from moved(
        "GRD03", people, {"patients": tonight.patients}, settings.max_patients_change, CHANCE_OF_PEOPLE
    )
    yield from _missing_files(last.get("files") or {}, tonight.files)
    yield from lost_practices(last.get("practices") or {}, tonight.practices, settings)
    yield from shrunk_months(last.get("months") or {}, tonight.months, settings)


def _missing_files(
    last: Mapping[str, Mapping[str, int]], tonight: Mapping[str, Mapping[str, int]]
) -> Iterator[Movement]:
    for table, before in last.items():
        now = tonight.get(table, {})
        if gone_files(before, now):
            yield Movement(code="GRD14", level="fail", subject=table, before=len(before), now=len(now))


def _compare_with_history(
    volumes: Volumes,
    last: Mapping[str, Any],
    settings: GuardSettings,
    as_of: date,
    gp_complete_to: date | None,
) -> Iterator[Movement]:
    yield from stale(volumes.latest, as_of, settings)
    yield from quiet_practices(volumes.practices, settings)
    for table, months in volumes.months.items():
        known = (last.get("months") or {}).get(table, {})
        yield from low_months(table, months, _complete_to(table, volumes, gp_complete_to), known, settings)


def _complete_to(table: str, volumes: Volumes, gp_complete_to: date | None) -> date:
    if table in GP_TABLES:
        return gp_complete_to or volumes.latest or max(volumes.days[table])
    return max(volumes.days[table]) - _HOSPITAL_LAG


def moved_concepts(
    concepts: Mapping[str, int], last: Mapping[str, Any], settings: GuardSettings
) -> Iterator[Movement]:
    """Concepts of the last run whose events moved; known once the code lists are joined."""
    limit = settings.max_rows_change
    found = moved("GRD08", last.get("concepts"), concepts, limit, CHANCE_OF_RECORDS)
    yield from _let_through(found, settings)


def moved_dispositions(
    counts: Mapping[str, int], last: Mapping[str, Any], settings: GuardSettings
) -> Iterator[Movement]:
    """Dispositions of the last run whose patients moved."""
    limit = settings.max_disposition_change
    found = moved("GRD09", last.get("dispositions"), counts, limit, CHANCE_OF_PEOPLE)
    yield from _let_through(found, settings)
