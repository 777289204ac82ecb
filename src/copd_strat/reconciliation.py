"""The account of a night: every row and every patient, from bytes to lists, and proof that they add up."""

from __future__ import annotations

import dataclasses
import platform
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd

from copd_strat import __version__
from copd_strat.clinical import Facts
from copd_strat.codelists import CodelistReport, MatchReport
from copd_strat.extracts.receipts import Landing
from copd_strat.lists import ListFile
from copd_strat.pathways import DISPOSITIONS, LISTED, Feedback
from copd_strat.plan import Night, Plan
from copd_strat.progress import Narrator
from copd_strat.publish import RunFolder, published_files
from copd_strat.publish.manifest import MANIFEST, write_json
from copd_strat.quality.guard import GuardReport
from copd_strat.summary.stamp import RunStamp
from copd_strat.summary.summarise import SummaryResult

# The practices of this run: a national table of organisations would make thousands of empty folders.
PRACTICES = """
    SELECT DISTINCT practice_id, practice_name FROM organisations
    WHERE practice_id IN (SELECT practice_id FROM patients)"""
# The network each practice belongs to now, for policies whose places are given by network.
NETWORKS = """
    SELECT practice_id, max_by(pcn, coalesce(valid_from, DATE '1900-01-01')) AS pcn
    FROM organisations WHERE valid_to IS NULL GROUP BY practice_id"""
_PACKAGES = ("pandas", "numpy", "scikit-learn", "pyarrow", "duckdb", "great-expectations")


class ReconciliationError(AssertionError):
    """Counts that must agree do not: a bug, never the data's fault."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a night came to: ``summary`` is what the terminal shows, also kept as run_summary.json."""

    published: bool
    run_id: str
    path: Path
    summary: dict[str, Any]


def check_rows(landing: Landing) -> None:
    """Rows in = loaded + quarantined + duplicates, for every file."""
    for table in landing.tables:
        for file in table.files:
            if file.rows_in != file.loaded + file.quarantined + file.duplicates:
                raise ReconciliationError(
                    f"{file.name}: {file.rows_in:,} rows are in the file, but {file.loaded:,} loaded + "
                    f"{file.quarantined:,} quarantined + {file.duplicates:,} duplicates were read"
                )


def check_patients(
    register: Mapping[str, int],
    dispositions: Mapping[str, Mapping[str, int]],
    lists: Mapping[str, Mapping[str, int]],
) -> None:
    """By practice: register = sum of dispositions, and each list has a row for each of its patients.

    ``dispositions`` and ``lists`` map practice → disposition → count; ``not_listed`` has no list.
    """
    for practice in register.keys() | dispositions.keys() | lists.keys():
        placed = dispositions.get(practice, {})
        if register.get(practice, 0) != sum(placed.values()):
            raise ReconciliationError("a practice's register differs from the sum of its dispositions")
        for disposition in LISTED:
            if lists.get(practice, {}).get(disposition, 0) != placed.get(disposition, 0):
                raise ReconciliationError(f"a practice's list of {disposition} differs from its dispositions")


def rows_in_words(landing: Landing) -> str:
    total: Counter[str] = Counter()
    for counts in landing.totals().values():
        total.update(counts)
    return (
        f"{total['rows_in']:,} rows in = {total['loaded']:,} loaded + {total['quarantined']:,} quarantined"
        f" + {total['duplicates']:,} duplicates"
    )


def statuses_in_words(scores: pd.DataFrame) -> str:
    counts = scores["risk_status"].str.split(":").str[0].value_counts()
    return ", ".join(f"{count:,} {status}" for status, count in counts.items())


def months_in_words(summary: SummaryResult) -> str:
    if not summary.new_months and not summary.revised_months:
        return f"no month has closed; {len(summary.published_months)} stand published"
    return (
        f"{len(summary.new_months)} closed month(s) new, {len(summary.revised_months)} revised, audit passed"
    )


def in_words(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items())


def dispositions(patients: pd.DataFrame) -> dict[str, int]:
    counts = patients["disposition"].value_counts()
    return {name: int(counts.get(name, 0)) for name in DISPOSITIONS}


def _by_practice(patients: pd.DataFrame) -> dict[str, dict[str, int]]:
    table = pd.crosstab(patients["practice_id"].astype(str), patients["disposition"].astype(str))
    return {
        str(practice): {str(name): int(n) for name, n in row.items()} for practice, row in table.iterrows()
    }


def _listed(written: list[ListFile]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for item in written:
        if item.path.suffix == ".csv":
            found.setdefault(item.practice_id, {})[item.name] = item.rows
    return found


@dataclass(frozen=True, kw_only=True)
class Results:
    """What the steps of a night found, for the manifest."""

    landing: Landing
    guarded: GuardReport
    facts: Facts
    lists: CodelistReport
    matches: MatchReport
    answers: Feedback
    patients: pd.DataFrame
    written: list[ListFile]
    summary: SummaryResult


def manifest(night: Night, planned: Plan, stamp: RunStamp, results: Results, root: Path) -> dict[str, Any]:
    """The run's manifest without files and times; ReconciliationError if its counts do not add up."""
    practices = _practices(results)
    landing, facts, summary = results.landing, results.facts, results.summary
    if facts.register_size != len(results.patients):
        raise ReconciliationError("the register's size differs from the number of dispositions")
    return {
        "product": "copd-strat",
        "version": __version__,
        "run_id": planned.run_id,
        "title": stamp.title,
        "synthetic": stamp.synthetic,
        "as_of": stamp.as_of,
        "index_date": stamp.index_date,
        "gp_complete_to": facts.gp_complete_to,
        "hospital_complete_to": facts.hospital_complete_to,
        "policy": stamp.policy,
        "model": stamp.model,
        "governance": dataclasses.asdict(night.settings.governance),
        "settings": dataclasses.asdict(night.settings),
        "key": planned.key,
        "parts": planned.parts,
        "previous": planned.previous.path.name if planned.previous else None,
        "packages": {"python": platform.python_version()} | {name: version(name) for name in _PACKAGES},
        "inputs": landing.to_json(),
        "code_lists": dataclasses.asdict(results.lists) | dataclasses.asdict(results.matches),
        "attrition": [dataclasses.asdict(step) for step in facts.attrition],
        "facts_looked_for": facts.looked_for,
        "not_observable": dict(facts.unobservable),
        "people_without_recent_gp_data": int(results.patients["no_recent_data"].sum()),
        "decisions": {"usable": len(results.answers.accepted), "refused": _refused(results.answers)},
        "register": len(results.patients),
        "dispositions": dispositions(results.patients),
        "practices": practices,
        "lists": [_list_line(item, root) for item in results.written],
        "tables": landing.totals(),
        "months": {
            "new": list(summary.new_months),
            "revised": list(summary.revised_months),
            "published": list(summary.published_months),
        },
        "guard": results.guarded.to_json(),
        "warnings": [*landing.warnings, *results.guarded.warnings, *_unusable(results.answers)],
    }


def _refused(answers: Feedback) -> dict[str, int]:
    counts = answers.refused["problem"].value_counts()
    return {str(problem): int(number) for problem, number in counts.sort_index().items()}


def _unusable(answers: Feedback) -> list[str]:
    """A clinician's answer that has no effect is said, never passed over."""
    refused = _refused(answers)
    if not refused:
        return []
    return [f"decisions: {sum(refused.values()):,} cannot be used ({in_words(refused)}); ask the practices"]


def _practices(results: Results) -> dict[str, dict[str, Any]]:
    """Register and dispositions by practice, once they add up with the lists."""
    patients = results.patients
    register = {str(name): int(count) for name, count in patients["practice_id"].value_counts().items()}
    placed, listed = _by_practice(patients), _listed(results.written)
    check_patients(register, placed, listed)
    return {
        name: {"register": register.get(name, 0), "dispositions": placed.get(name, {})}
        for name in sorted(register.keys() | listed.keys())
    }


def _list_line(item: ListFile, root: Path) -> dict[str, Any]:
    return {
        "file": item.path.relative_to(root).as_posix(),
        "practice_id": item.practice_id,
        "list": item.name,
        "rows": item.rows,
    }


def publish(
    folder: RunFolder, partial: Path, planned: Plan, manifest: dict[str, Any], narrator: Narrator
) -> Outcome:
    """Write manifest and summary, then make the run the current one.

    A repeated run whose files came out the same is not published twice: the one that stands is confirmed.
    """
    files = published_files(partial)
    before = planned.published
    if before is not None and before.manifest["key"] == planned.key and before.manifest["files"] == files:
        return _confirmed(planned)
    order = 1 + max((run.manifest["published_order"] for run in folder.runs()), default=0)
    timings = {"seconds": narrator.seconds, "cpu_seconds": narrator.cpu_seconds}
    write_json(partial / MANIFEST, manifest | {"published_order": order, "files": files} | timings)
    summary = _summary(manifest, planned)
    write_json(partial / "run_summary.json", summary | timings)
    path = folder.publish(partial, planned.run_id)
    places = {
        "run": path,
        "lists": path / "direct_care",
        "summary": path / "summary",
        "report": path / "report.html",
    }
    shown = summary | {"places": {name: str(place) for name, place in places.items() if place.exists()}}
    return Outcome(published=True, run_id=planned.run_id, path=path, summary=shown | timings)


def _summary(manifest: dict[str, Any], planned: Plan) -> dict[str, Any]:
    wanted = (
        "run_id",
        "title",
        "synthetic",
        "as_of",
        "index_date",
        "tables",
        "register",
        "dispositions",
        "warnings",
    )
    before = planned.previous.manifest if planned.previous else {}
    return {
        "published": True,
        **{name: manifest[name] for name in wanted},
        "register_before": before.get("register"),
        "dispositions_before": before.get("dispositions", {}),
    }


def _confirmed(planned: Plan) -> Outcome:
    return _standing(planned, "repeated: every file came out byte for byte as published")


def unchanged(planned: Plan) -> Outcome:
    """Nothing new: the published run stands."""
    return _standing(planned, "nothing has changed")


def _standing(planned: Plan, why: str) -> Outcome:
    published = planned.published
    if published is None:
        raise ReconciliationError("there is no published run to stand")
    summary = {"published": False, "why": why, "run_id": published.run_id, "path": str(published.path)}
    return Outcome(published=False, run_id=published.run_id, path=published.path, summary=summary)
