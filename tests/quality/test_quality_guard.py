"""The run guard: what must stop a night, what must only be told, and what must stay quiet."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from quality_world import AS_OF, PRACTICES, engine_with_extract, receipt, receipts

from copd_strat.config import GuardSettings
from copd_strat.engine import Engine
from copd_strat.quality.causes import Evidence, find_causes
from copd_strat.quality.findings import Finding
from copd_strat.quality.guard import (
    Figures,
    compare_extracts,
    moved_concepts,
    moved_dispositions,
    take_figures,
    with_counts,
)
from copd_strat.quality.guard_changes import Movement
from copd_strat.quality.guard_volumes import concept_volumes, measure


@dataclass(frozen=True)
class Checked:
    """What the guard says of one night."""

    figures: Figures
    movements: tuple[Movement, ...]

    def codes(self, level: str = "fail") -> set[str]:
        return {movement.code for movement in self.movements if movement.level == level}

    def stops(self) -> str:
        """The findings that stop the night, as text."""
        return " ".join(found.sentence for found in findings(self) if found.weight == "stop")


def checked(engine: Engine, previous: dict[str, Any] | None = None, **settings: Any) -> Checked:
    as_of = settings.pop("as_of", AS_OF)
    volumes = measure(engine, as_of)
    figures = take_figures(volumes, receipts(engine), {})
    found = compare_extracts(volumes, figures, previous or {}, GuardSettings(**settings), as_of)
    return Checked(figures=figures, movements=tuple(found))


def findings(night: Checked, last: dict[str, Any] | None = None) -> tuple[Finding, ...]:
    return find_causes(
        Evidence(
            suites=(),
            movements=night.movements,
            tonight=night.figures,
            last=last or {},
            settings=GuardSettings(),
            people=frozenset({"native.patients"}),
            feeding={
                name: frozenset({f"native.{name}"}) for name in ("patients", "gp_events", "prescriptions")
            },
        )
    )


@pytest.fixture(scope="module")
def last_run(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The report of a good night, as it comes back from the manifest."""
    night = checked(engine_with_extract(tmp_path_factory.mktemp("last")))
    assert night.movements == ()
    return dict(json.loads(json.dumps(night.figures.to_json())))


def test_the_same_data_again_say_nothing(tmp_path: Path, last_run: dict[str, Any]) -> None:
    assert last_run["latest"] == "2026-10-31"
    assert checked(engine_with_extract(tmp_path), last_run).movements == ()


@pytest.mark.parametrize(
    ("condition", "patients", "code", "words"),
    [
        ("CAST(substr(patient_id, 2) AS INTEGER) < 60", "TRUE", "GRD02", "native.gp_events has"),
        (
            "TRUE",
            "CAST(substr(patient_id, 2) AS INTEGER) < 60",
            "GRD03",
            "120 last night; file patients.csv has 60 rows",
        ),
        ("TRUE", "practice_id <> 'A81003'", "GRD04", "practice A81003 has 0 patients tonight, 30 last"),
        ("strftime(event_date, '%Y-%m') <> '2024-02'", "TRUE", "GRD07", "gp_events in 2024-02"),
    ],
    ids=["half the events", "half the patients", "a practice gone", "an old month gone"],
)
def test_against_the_last_run(
    tmp_path: Path, last_run: dict[str, Any], condition: str, patients: str, code: str, words: str
) -> None:
    night = checked(engine_with_extract(tmp_path, condition, patients), last_run)
    assert code in night.codes()
    stops = [found for found in findings(night, last_run) if found.weight == "stop"]
    assert words in stops[0].sentence
    assert stops[0].fix
    assert stops[0].exit_code == 13


@pytest.mark.parametrize(
    ("condition", "code", "words"),
    [
        ("strftime(event_date, '%Y-%m') <> '2026-05'", "GRD06", "gp_events in 2026-05"),
        ("event_date < DATE '2026-09-15' OR practice_id <> 'A81002'", "GRD05", "practice A81002"),
        ("practice_id <> 'A81004'", "GRD05", "practice A81004"),
        ("event_date < DATE '2026-08-01'", "GRD01", "days old"),
        ("FALSE", "GRD10", "no GP record"),
    ],
    ids=["month missing", "practice stopped", "practice never sent", "stale", "no records"],
)
def test_against_its_own_history(tmp_path: Path, condition: str, code: str, words: str) -> None:
    night = checked(engine_with_extract(tmp_path, condition))
    assert code in night.codes()
    assert words in night.stops()


def test_prescriptions_that_stop_alone_are_seen(tmp_path: Path) -> None:
    engine = engine_with_extract(tmp_path)
    engine.execute("DELETE FROM prescriptions WHERE issue_date >= DATE '2026-09-01'")
    assert "prescriptions in 2026-09" in checked(engine).stops()


def test_a_late_stray_record_does_not_hide_age(tmp_path: Path) -> None:
    engine = engine_with_extract(tmp_path, "event_date < DATE '2026-08-01'")
    engine.execute("INSERT INTO gp_events VALUES ('p1', 'A81002', DATE '2026-11-09')")
    assert "GRD01" in checked(engine).codes()


def test_a_month_published_as_low_before_only_warns(tmp_path: Path) -> None:
    engine = engine_with_extract(tmp_path, "strftime(event_date, '%Y-%m') <> '2026-05'")
    released = checked(engine, min_month_share=0.0)
    night = checked(engine, released.figures.to_json())
    assert not night.codes()
    assert "GRD06" in night.codes("warn")


def test_recent_hospital_months_are_allowed_to_be_thin(tmp_path: Path) -> None:
    engine = engine_with_extract(tmp_path)
    engine.execute(
        "DELETE FROM hospital_episodes WHERE admission_date >= DATE '2026-09-01' AND patient_id <> 'p1'"
    )
    assert checked(engine).movements == ()


def test_a_change_that_chance_can_make_is_quiet(tmp_path: Path) -> None:
    engine = engine_with_extract(tmp_path)
    loaded = checked(engine).figures.tables["native.patients"]
    before = {"patients": 150, "tables": {"native.patients": loaded - 60}, "practices": {"A81001": 44}}
    assert checked(engine, before).movements == ()


def test_half_of_a_threshold_warns(tmp_path: Path, last_run: dict[str, Any]) -> None:
    night = checked(engine_with_extract(tmp_path, "CAST(substr(patient_id, 2) AS INTEGER) < 96"), last_run)
    assert "GRD02" in night.codes("warn")
    assert not night.codes()


def test_a_threshold_lets_a_meant_change_through(tmp_path: Path, last_run: dict[str, Any]) -> None:
    engine = engine_with_extract(tmp_path, patients=f"practice_id <> '{PRACTICES[0]}'")
    night = checked(engine, last_run, max_patients_change=1.0)
    assert PRACTICES[0] not in night.figures.practices
    assert not night.codes()


def test_what_more_than_doubled_is_let_through_by_its_code(tmp_path: Path, last_run: dict[str, Any]) -> None:
    """No share of 1 allows three times as much; a site whose extract grows so could never publish again."""
    engine = engine_with_extract(tmp_path)
    third = {name: rows // 3 for name, rows in last_run["tables"].items()}
    grown = last_run | {"tables": third, "patients": last_run["patients"] // 3}
    assert {"GRD02", "GRD03"} <= set(checked(engine, grown, max_rows_change=1.0).codes())
    night = checked(engine, grown, let_through=("GRD02", "GRD03"))
    assert not night.codes()
    assert {"GRD02", "GRD03"} <= set(night.codes("warn"))


def test_practices_whose_patients_have_all_left_may_be_silent(tmp_path: Path) -> None:
    engine = engine_with_extract(tmp_path, "event_date < DATE '2026-09-01' OR practice_id <> 'A81002'")
    assert "GRD05" in checked(engine).codes()
    engine.execute("UPDATE patients SET registration_end = DATE '2026-08-31' WHERE practice_id = 'A81002'")
    assert "GRD05" not in checked(engine).codes()


def test_dispositions_and_concepts_are_compared(tmp_path: Path) -> None:
    engine = engine_with_extract(tmp_path)
    engine.create_table("concept_counts", "SELECT 'copd' AS concept, 1000 AS events")
    figures = with_counts(checked(engine).figures, concepts=concept_volumes(engine))
    assert figures.concepts == {"copd": 1000}
    moved = tuple(moved_concepts(figures.concepts, {"concepts": {"copd": 3000}}, GuardSettings()))
    assert [(one.code, one.subject, one.level) for one in moved] == [("GRD08", "copd", "fail")]
    last = {"dispositions": {"clinic": 200, "self_management": 800}}
    assert not tuple(moved_dispositions({"clinic": 210, "self_management": 800}, last, GuardSettings()))
    moved = tuple(moved_dispositions({"clinic": 400, "self_management": 800}, last, GuardSettings()))
    assert [(one.code, one.subject, one.level) for one in moved] == [("GRD09", "clinic", "fail")]


def test_tables_kept_by_hand_may_change(tmp_path: Path) -> None:
    engine = engine_with_extract(tmp_path)
    volumes = measure(engine, AS_OF)
    nights = [
        take_figures(volumes, (*receipts(engine), receipt("decisions", {"decisions.csv": rows})), {})
        for rows in (100, 900)
    ]
    assert "native.decisions" not in nights[1].tables
    found = compare_extracts(volumes, nights[1], nights[0].to_json(), GuardSettings(), AS_OF)
    assert tuple(found) == ()


def test_messages_hold_no_patient(tmp_path: Path, last_run: dict[str, Any]) -> None:
    night = checked(engine_with_extract(tmp_path, "patient_id = 'p7'"), last_run)
    told = json.dumps([found.to_json() for found in findings(night, last_run)])
    assert "gp_events" in told
    assert "p7" not in told


def test_a_day_after_the_run_date_is_not_history(tmp_path: Path) -> None:
    latest = checked(engine_with_extract(tmp_path), as_of=date(2026, 10, 15)).figures.latest
    assert latest is not None
    assert latest <= date(2026, 10, 15)
