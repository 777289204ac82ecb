"""Register, windows, measurements, conditions, living situation, closed months."""

from __future__ import annotations

from datetime import date

import pytest
from clinical_world import World

from copd_strat.clinical import build_monthly, gli
from copd_strat.summary import indicator_events
from copd_strat.summary.indicator_events import count_events


def test_the_attrition_table_counts_every_step(world: World) -> None:
    world.patient("in")
    world.patient("healthy", diagnosed=None)
    world.patient("resolved")
    world.gp("resolved", "2020-01-01", "copd_resolved")
    world.patient("ghost", birth_year=1900)
    world.patient("young", birth_year=1991, birth_month=1)
    world.patient("dead", death_date="2025-06-01")
    world.patient("gone", registration_end="2025-12-31")
    facts = world.build()
    assert [(step.remaining, step.excluded) for step in facts.attrition] == [
        (7, 0), (6, 1), (5, 1), (4, 1), (3, 1), (2, 1), (1, 1),
    ]  # fmt: skip
    assert facts.register_size == 1


def test_age_is_judged_at_the_index(world: World) -> None:
    """docs/decisions.md §4: middle of the birth month, or 1 July."""
    world.patient("turned_35", birth_year=1990, birth_month=12)
    world.patient("year_only", birth_year=1990, birth_month=None)
    world.patient("not_yet", birth_year=1991, birth_month=1)
    world.build(index="2025-12-15")
    assert world.feature("turned_35", "age") == 35
    assert world.feature("year_only", "age") == pytest.approx(35 + 167 / 365.25)
    assert not world.on_register("not_yet")


def test_the_current_practice_is_the_open_registration_that_started_last(world: World) -> None:
    world.patient("moved", practice_id="A81001", registration_end="2025-03-01")
    world.patient("moved", diagnosed=None, practice_id="B82002", registration_start="2025-03-01")
    world.patient("twice", practice_id="A81001", registration_start="2012-01-01")
    world.patient("twice", diagnosed=None, practice_id="B82002", registration_start="2011-01-01")
    world.build()
    assert world.features("practice_id", "short_history").to_numpy().tolist() == [
        ["moved", "B82002", True],
        ["twice", "A81001", False],
    ]


@pytest.mark.parametrize(
    ("on", "counts"), [("2024-12-31", 0), ("2025-01-01", 1), ("2025-12-31", 1), ("2026-01-01", 0)]
)
def test_the_window_is_open_at_its_start_and_closed_at_the_index(world: World, on: str, counts: int) -> None:
    """docs/decisions.md §1."""
    world.patient("p")
    world.gp("p", on, "aecopd")
    world.build(as_of="2026-02-01")
    assert world.feature("p", "moderate_exacerbations_12m") == counts


def test_symptoms_count_by_category_and_need_a_prescription(world: World) -> None:
    stories: dict[str, tuple[list[str], list[str], int]] = {
        "two_and_antibiotic": (["breathless", "cough"], ["amoxicillin"], 1),
        "one_code_two_categories": (["productive_cough"], ["amoxicillin"], 1),
        "two_and_steroid": (["cough", "sputum"], ["prednisolone"], 1),
        "one_and_antibiotic": (["cough"], ["amoxicillin"], 0),
        "three_and_nothing": (["breathless", "cough", "sputum"], [], 0),
        "antibiotic_alone": ([], ["amoxicillin"], 0),
        "infection": (["lrti"], [], 1),
    }
    for name, (codes, drugs, _) in stories.items():
        world.patient(name)
        for code in codes:
            world.gp(name, "2025-05-05", code)
        for drug in drugs:
            world.issue(name, "2025-05-05", drug, 30)
    world.build()
    counted = dict(world.features("moderate_exacerbations_12m").to_numpy().tolist())
    assert counted == {name: expected for name, (_, _, expected) in stories.items()}


def test_the_newest_lung_function_counts_and_coded_beats_computed_on_one_day(world: World) -> None:
    """docs/decisions.md §11; the best of several on a day (NHLI)."""
    for name in ("coded_same_day", "computed_newer", "unit_says_percent"):
        world.patient(name)
        world.gp(name, "2024-05-01", "height", 175.0)
    for value in (1.5, 1.85):
        world.gp("coded_same_day", "2025-05-01", "fev1", value)
        world.gp("computed_newer", "2025-05-01", "fev1", value)
    world.gp("coded_same_day", "2025-05-01", "fev1_pct", 71.0)
    world.gp("computed_newer", "2025-04-01", "fev1_pct", 71.0)
    world.gp("unit_says_percent", "2025-05-01", "fev1", 54.0, unit="% predicted")
    world.build()
    rows = {
        name: (litres, round(percent, 1), source)
        for name, litres, percent, source in world.engine.rows(
            "SELECT patient_id, fev1_litres, fev1_pct_predicted, fev1_pct_source FROM features"
        )
    }
    assert rows["coded_same_day"] == (1.85, 71.0, "coded")
    years = (date(2025, 5, 1) - date(1959, 6, 15)).days / 365.25
    expected = float(gli.fev1_percent_predicted([1.85], [175.0], [years], ["male"])[0])
    assert rows["computed_newer"] == (1.85, round(expected, 1), "gli_2022")
    assert rows["unit_says_percent"] == (None, 54.0, "coded")


def test_measurements_outside_their_window_are_missing(world: World) -> None:
    """docs/decisions.md §11."""
    ages = {"mrc_3": "2023-12-31", "cat": "2023-12-31", "bmi": "2020-12-31", "eosinophils": "2020-12-31"}
    world.patient("old")
    world.patient("fresh")
    for what, on in ages.items():
        value = {"mrc_3": None, "eosinophils": 0.2}.get(what, 22.0)
        world.gp("old", on, what, value)
        world.gp("fresh", date.fromisoformat(on).replace(month=12, day=31, year=int(on[:4]) + 1), what, value)
    world.build()
    assert world.engine.rows("SELECT mrc, cat, bmi, eosinophils FROM features ORDER BY patient_id") == [
        (3, 22, 22.0, 200.0),
        (None, None, None, None),
    ]


def test_never_smoked_after_smoking_is_ex(world: World) -> None:
    stories = {
        "never": [("never_smoked", "2025-01-01")],
        "ex": [("smoker", "2010-01-01"), ("never_smoked", "2025-01-01")],
        "same_day": [("never_smoked", "2025-01-01"), ("smoker", "2025-01-01")],
        "stopped": [("smoker", "2024-01-01"), ("ex_smoker", "2025-01-01")],
    }
    for name, codes in stories.items():
        world.patient(name)
        for code, on in codes:
            world.gp(name, on, code)
    world.build()
    assert dict(world.features("smoking_status").to_numpy().tolist()) == {
        "never": "never", "ex": "ex", "same_day": "current", "stopped": "ex",
    }  # fmt: skip


def test_conditions_come_from_gp_and_hospital_unless_resolved(world: World) -> None:
    world.patient("gp")
    world.gp("gp", "2005-01-01", "hypertension")
    world.patient("resolved")
    world.gp("resolved", "2005-01-01", "hypertension")
    world.gp("resolved", "2010-01-01", "hypertension_resolved")
    world.patient("hospital")
    world.episode("hospital", "2020-01-01", "2020-01-05", "S720", "I10X", "I500")
    world.build()
    assert world.features("hypertension", "heart_failure", "charlson_age_adjusted").to_numpy().tolist() == [
        ["gp", True, False, 3],
        ["hospital", True, True, 4],
        ["resolved", False, False, 3],
    ]


def test_care_processes(world: World) -> None:
    world.patient("p")
    world.gp("p", "2024-10-01", "review")
    world.gp("p", "2025-02-01", "pr_offered")
    world.gp("p", "2025-02-01", "pr_completed")
    world.gp("p", "2025-09-01", "flu_vaccine")
    world.patient("earlier")
    world.gp("earlier", "2024-09-29", "review")
    world.gp("earlier", "2025-08-31", "flu_vaccine")
    world.build()
    names = ("copd_review_15m", "pr_status", "flu_vaccine_this_season")
    rows = world.engine.rows(f"SELECT patient_id, {', '.join(names)} FROM features ORDER BY 1")
    assert rows == [("earlier", False, None, False), ("p", True, "completed", True)]


@pytest.mark.parametrize("months_at_once", [1, 2])
def test_closed_months_hold_people_who_died_later_at_the_practice_of_then(
    world: World, months_at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indicator_events, "_PEOPLE_TIMES_MONTHS", 3 * months_at_once)  # of two people
    world.patient("died", death_date="2025-06-10", ethnicity="H")
    world.course("died", "2025-05-05")
    world.episode("died", "2025-05-30", "2025-06-03", "J441")
    world.patient("moved", practice_id="A81001", registration_end="2025-06-15")
    world.patient("moved", diagnosed=None, practice_id="B82002", registration_start="2025-06-15")
    world.gp("moved", "2025-06-20", "review")
    world.build()
    months = [date(2025, 5, 1), date(2025, 6, 1)]
    build_monthly(world.engine, months)
    world.start_clock()
    count_events(world.engine, months)
    assert world.engine.rows(
        "SELECT month, patient_id, practice_id, age_band, ethnicity_group FROM monthly_register ORDER BY 1, 2"
    ) == [
        (date(2025, 5, 1), "died", "A81001", "60-69", "asian"),
        (date(2025, 5, 1), "moved", "A81001", "60-69", "white"),
        (date(2025, 6, 1), "moved", "B82002", "60-69", "white"),
    ]
    assert world.engine.rows(
        "SELECT month, patient_id, indicator, n FROM monthly_events ORDER BY 1, 2, 3"
    ) == [
        (date(2025, 5, 1), "died", "bed_days", 2),
        (date(2025, 5, 1), "died", "copd_emergency_admissions", 1),
        (date(2025, 5, 1), "died", "moderate_exacerbations", 1),
        (date(2025, 5, 1), "died", "severe_exacerbations", 1),
        (date(2025, 6, 1), "died", "bed_days", 2),
        (date(2025, 6, 1), "moved", "copd_reviews", 1),
        (date(2025, 6, 1), "moved", "review_coverage", 1),
    ]


def test_people_covered_are_counted_on_the_last_day_of_a_quarter(world: World) -> None:
    """Twelve months back for what is repeated, ever for what is given once; each person once."""
    world.patient("p")
    for on in ("2024-06-30", "2024-07-02", "2024-09-01"):
        world.gp("p", on, "review")
    world.gp("p", "2024-07-01", "170614009")  # inhaler technique observed
    world.gp("p", "2024-06-30", "811961000000106")  # self-management plan agreed: a day too early
    world.gp("p", "2025-06-30", "pr_offered")
    world.gp("p", "2025-07-01", "pr_completed")  # a day too late
    world.gp("p", "2024-10-10", "flu_vaccine")
    world.gp("p", "2011-01-01", "12866006")  # pneumococcal vaccination
    world.decisions = [("p", "2025-05-05", "accepted"), ("p", "2025-06-05", "declined")]
    world.build()
    world.start_clock()
    count_events(world.engine, [date(2025, 5, 1), date(2025, 6, 1)])
    rows = world.engine.rows("SELECT month, indicator, n FROM monthly_events ORDER BY 1, 2")
    assert [(month.month, name, n) for month, name, n in rows] == [
        (5, "decisions_returned", 1),
        (6, "decisions_overriding", 1),
        (6, "decisions_returned", 1),
        (6, "flu_vaccinated", 1),
        (6, "inhaler_technique_checked", 1),
        (6, "pneumococcal_vaccinated", 1),
        (6, "rehabilitation_offered", 1),
        (6, "review_coverage", 1),
    ]


def test_duties_and_steps_are_counted_in_the_month_in_which_they_fall(world: World) -> None:
    world.patient("p")
    world.episode("p", "2025-02-24", "2025-03-01", "J441")
    world.gp("p", "2025-03-20", "394702007")  # follow-up within 30 days
    world.gp("p", "2025-04-05", "170614009")  # inhaler technique, too late
    world.episode("p", "2025-05-10", "2025-05-12", "J441")
    world.add("community_contacts", patient_id="p", contact_date="2025-04-02",
              service="multi_professional_clinic", kind="attended")  # fmt: skip
    for on, kind in (("2025-03-03", "offered"), ("2025-04-01", "registered"), ("2025-04-02", "used")):
        world.add("app_activity", patient_id="p", activity_date=on, kind=kind)
    world.build()
    world.start_clock()
    count_events(world.engine, [date(2025, 3, 1), date(2025, 4, 1), date(2025, 5, 1)])
    ours = ("discharge_duties", "clinic_seen", "app_", "readmissions")
    rows = world.engine.rows("SELECT month, indicator, n FROM monthly_events ORDER BY 1, 2")
    assert [(month.month, name, n) for month, name, n in rows if name.startswith(ours)] == [
        (3, "app_offered", 1),
        (3, "discharge_duties_due", 4),
        (3, "discharge_duties_met", 1),
        (4, "app_activated", 1),
        (4, "app_registered", 1),
        (4, "clinic_seen", 1),
        (5, "discharge_duties_due", 1),
        (5, "readmissions_90d", 1),
        (5, "readmissions_90d_reviewed", 1),
    ]
