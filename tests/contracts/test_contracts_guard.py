"""The run guard: what must stop a night, what must only be told, and what must stay quiet."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from contracts_world import AS_OF, PRACTICES, engine_with_extract, totals

from copd_strat.config import GuardSettings
from copd_strat.engine import Engine
from copd_strat.errors import RunGuardError
from copd_strat.quality import guard

Check = Callable[..., guard.GuardReport]


def checked(engine: Engine, previous: dict[str, Any] | None = None, **settings: Any) -> guard.GuardReport:
    as_of = settings.pop("as_of", AS_OF)
    return guard.check(engine, totals(engine), previous, GuardSettings(**settings), as_of)


@pytest.fixture(scope="module")
def last_run(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The report of a good night, as it comes back from the manifest."""
    report = checked(engine_with_extract(tmp_path_factory.mktemp("last")))
    return dict(json.loads(json.dumps(report.to_json())))


def test_the_same_data_again_say_nothing(tmp_path: Path, last_run: dict[str, Any]) -> None:
    assert last_run["findings"] == []
    assert last_run["latest"] == "2026-10-31"
    assert checked(engine_with_extract(tmp_path), last_run).findings == ()


@pytest.mark.parametrize(
    ("condition", "patients", "code", "words"),
    [
        ("CAST(substr(patient_id, 2) AS INTEGER) < 60", "TRUE", "GRD02", "native.gp_events: rows"),
        ("TRUE", "CAST(substr(patient_id, 2) AS INTEGER) < 60", "GRD03", "patients 120 → 60 (-50 %)"),
        ("TRUE", "practice_id <> 'A81003'", "GRD04", "practice A81003: registered patients 30 → 0"),
        ("strftime(event_date, '%Y-%m') <> '2024-02'", "TRUE", "GRD07", "gp_events in 2024-02"),
    ],
    ids=["half the events", "half the patients", "a practice gone", "an old month gone"],
)
def test_against_the_last_run(
    tmp_path: Path, last_run: dict[str, Any], condition: str, patients: str, code: str, words: str
) -> None:
    with pytest.raises(RunGuardError) as caught:
        checked(engine_with_extract(tmp_path, condition, patients), last_run)
    assert code in str(caught.value)
    assert words in str(caught.value)
    assert caught.value.exit_code == 13
    assert caught.value.fix


@pytest.mark.parametrize(
    ("condition", "code", "words"),
    [
        ("strftime(event_date, '%Y-%m') <> '2026-05'", "GRD06", "gp_events in 2026-05"),
        ("event_date < DATE '2026-09-15' OR practice_id <> 'A81002'", "GRD05", "practice A81002"),
        ("practice_id <> 'A81004'", "GRD05", "practice A81004"),
        ("event_date < DATE '2026-08-01'", "GRD01", "GP records up to 2026-07-"),
        ("FALSE", "GRD10", "GP records"),
    ],
    ids=["month missing", "practice stopped", "practice never sent", "stale", "no records"],
)
def test_against_its_own_history(tmp_path: Path, condition: str, code: str, words: str) -> None:
    with pytest.raises(RunGuardError) as caught:
        checked(engine_with_extract(tmp_path, condition))
    assert code in str(caught.value)
    assert words in str(caught.value)


def test_prescriptions_that_stop_alone_are_seen(tmp_path: Path) -> None:
    engine = engine_with_extract(tmp_path)
    engine.execute("DELETE FROM prescriptions WHERE issue_date >= DATE '2026-09-01'")
    with pytest.raises(RunGuardError, match="prescriptions in 2026-09"):
        checked(engine)


def test_a_late_stray_record_does_not_hide_age(tmp_path: Path) -> None:
    engine = engine_with_extract(tmp_path, "event_date < DATE '2026-08-01'")
    engine.execute("INSERT INTO gp_events VALUES ('p1', 'A81002', DATE '2026-11-09')")
    with pytest.raises(RunGuardError, match="GRD01"):
        checked(engine)


def test_a_month_published_as_low_before_only_warns(tmp_path: Path) -> None:
    engine = engine_with_extract(tmp_path, "strftime(event_date, '%Y-%m') <> '2026-05'")
    released = checked(engine, min_month_share=0.0)
    report = checked(engine, released.to_json())
    assert any("GRD06 gp_events in 2026-05" in warning for warning in report.warnings)


def test_recent_hospital_months_are_allowed_to_be_thin(tmp_path: Path) -> None:
    engine = engine_with_extract(tmp_path)
    engine.execute(
        "DELETE FROM hospital_episodes WHERE admission_date >= DATE '2026-09-01' AND patient_id <> 'p1'"
    )
    assert checked(engine).findings == ()


def test_a_change_that_chance_can_make_is_quiet(tmp_path: Path) -> None:
    engine = engine_with_extract(tmp_path)
    loaded = totals(engine)["native.patients"]["loaded"]
    before = {"patients": 150, "tables": {"native.patients": loaded - 60}, "practices": {"A81001": 44}}
    assert checked(engine, before).findings == ()


def test_half_of_a_threshold_warns(tmp_path: Path, last_run: dict[str, Any]) -> None:
    engine = engine_with_extract(tmp_path, "CAST(substr(patient_id, 2) AS INTEGER) < 96")
    report = checked(engine, last_run)
    assert any(found.code == "GRD02" and found.level == "warn" for found in report.findings)


def test_a_threshold_lets_a_meant_change_through(tmp_path: Path, last_run: dict[str, Any]) -> None:
    engine = engine_with_extract(tmp_path, patients=f"practice_id <> '{PRACTICES[0]}'")
    report = checked(engine, last_run, max_patients_change=1.0)
    assert PRACTICES[0] not in report.practices


def test_practices_whose_patients_have_all_left_may_be_silent(tmp_path: Path) -> None:
    engine = engine_with_extract(tmp_path, "event_date < DATE '2026-09-01' OR practice_id <> 'A81002'")
    engine.execute("UPDATE patients SET registration_end = DATE '2026-08-31' WHERE practice_id = 'A81002'")
    assert not [found for found in checked(engine, min_month_share=0.5).findings if found.code == "GRD05"]


def test_dispositions_and_concepts_are_compared(tmp_path: Path, last_run: dict[str, Any]) -> None:
    engine = engine_with_extract(tmp_path)
    engine.create_table("concept_counts", "SELECT 'copd' AS concept, 1000 AS events")
    report = guard.check_concepts(engine, checked(engine), None, GuardSettings())
    assert report.concepts == {"copd": 1000}
    with pytest.raises(RunGuardError, match="GRD08 copd"):
        guard.check_concepts(engine, report, {"concepts": {"copd": 3000}}, GuardSettings())
    sizes = {"clinic": 200, "self_management": 800}
    report = guard.check_dispositions(sizes, report, {"dispositions": {"clinic": 210}}, GuardSettings())
    assert report.dispositions == sizes
    with pytest.raises(RunGuardError, match="GRD09 clinic"):
        guard.check_dispositions({"clinic": 400}, report, {"dispositions": sizes}, GuardSettings())


def test_tables_kept_by_hand_may_change(tmp_path: Path) -> None:
    engine = engine_with_extract(tmp_path)
    nights = []
    for rows in (100, 900):
        returned = {"rows_in": rows, "loaded": rows, "quarantined": 0, "duplicates": 0}
        tables = {**totals(engine), "native.decisions": returned}
        last = nights[-1].to_json() if nights else None
        nights.append(guard.check(engine, tables, last, GuardSettings(), AS_OF))
    assert nights[-1].findings == ()


def test_messages_hold_no_patient(tmp_path: Path, last_run: dict[str, Any]) -> None:
    with pytest.raises(RunGuardError) as caught:
        checked(engine_with_extract(tmp_path, "patient_id = 'p7'"), last_run)
    assert "p7" not in str(caught.value)


def test_a_day_after_the_run_date_is_not_history(tmp_path: Path) -> None:
    report = checked(engine_with_extract(tmp_path), as_of=date(2026, 10, 15))
    assert report.latest is not None
    assert report.latest <= date(2026, 10, 15)
