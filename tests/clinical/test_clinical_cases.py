"""Worked cases of the clinical rules: events in, facts out. Patients of one test are independent stories."""

from __future__ import annotations

from datetime import date

import pytest
from clinical_world import World, days_after

from copd_strat.codelists import check_matches, verhoeff_passes
from copd_strat.errors import IdentifiableDataError

MODERATE = "moderate_exacerbations_12m"
SEVERE = "severe_exacerbations_12m"


def test_a_course_is_an_event_but_not_on_a_review_day_and_marked_with_a_rescue_pack(world: World) -> None:
    """Rothnie 2016 (PLoS ONE 11:e0151357); review days first; rescue packs counted both ways."""
    for name in ("course", "review", "rescue"):
        world.patient(name)
        world.course(name, "2025-05-10")
    world.gp("review", "2025-05-10", "review")
    world.gp("rescue", "2025-05-10", "rescue_pack")
    world.build()
    assert world.feature("course", MODERATE) == 1
    assert world.feature("course", "moderate_exacerbations_12m_excl_rescue") == 1
    assert world.feature("review", MODERATE) == 0
    assert world.feature("rescue", MODERATE) == 1
    assert world.feature("rescue", "moderate_exacerbations_12m_excl_rescue") == 0
    assert world.feature("rescue", "exacerbations_12m_excl_rescue") == 0
    assert world.feature("rescue", "rescue_pack_12m") is True


@pytest.mark.parametrize(("rule", "expected"), [("chain", (1, 1, 2, 1)), ("anchor", (2, 1, 2, 2))])
def test_event_days_merge_by_the_fourteen_day_rule(
    world: World, rule: str, expected: tuple[int, ...]
) -> None:
    """Exactly 14 days is the same exacerbation, 15 a new one; the chain runs on, the anchor does not."""
    stories = {"chained": (0, 10, 20), "fourteen": (0, 14), "fifteen": (0, 15), "long": (0, 14, 28)}
    for name, offsets in stories.items():
        world.patient(name)
        for on in days_after("2025-04-01", *offsets):
            world.gp(name, on, "aecopd")
    world.build(episode_rule=rule)
    assert tuple(world.feature(name, MODERATE) for name in stories) == expected


def test_a_told_number_of_exacerbations_is_a_count_and_never_an_event(world: World) -> None:
    world.patient("told")
    world.gp("told", "2025-05-01", "exacerbation_count", 3)
    world.patient("emis")
    world.gp("emis", "2025-05-01", "1882441000006102")
    world.build()
    assert world.features(MODERATE, "coded_exacerbation_count").to_numpy().tolist() == [
        ["emis", 0, 2],
        ["told", 0, 3],
    ]


def test_emis_local_codes_that_no_list_knows_are_counted_by_their_namespace(world: World) -> None:
    """EMIS-local ids look like SNOMED CT and match no national list."""
    unlisted = next(
        code for code in (f"9876541000006{10 + n // 10}{n % 10}" for n in range(20)) if verhoeff_passes(code)
    )
    world.patient("emis")
    world.gp("emis", "2025-05-01", unlisted)
    world.gp("emis", "2025-05-02", unlisted)
    world.build()
    report = check_matches(world.engine)
    assert dict(report.unmatched_by_namespace)["emis_local"] == 2
    assert report.damaged_ids == 0


def test_reissued_product_ids_keep_their_class(world: World) -> None:
    """Prednisolone 5 mg: earlier and later dm+d id on two dates are the same medicine."""
    world.patient("changeover")
    for on, steroid in (("2025-02-01", "prednisolone_earlier_id"), ("2025-08-01", "prednisolone")):
        world.issue("changeover", on, steroid, 30)
        world.issue("changeover", on, "amoxicillin", 21)
    world.build()
    assert world.feature("changeover", MODERATE) == 2
    assert world.feature("changeover", "ocs_courses_12m") == 2


def test_inhaler_class_comes_from_the_product_not_from_the_bnf_section(world: World) -> None:
    """Relvar and Trelegy share BNF 0302000V0."""
    stories = {
        "relvar": ["relvar"], "trelegy": ["trelegy"], "separate": ["relvar", "tiotropium"],
        "lama": ["tiotropium"], "reliever": ["salbutamol"], "nothing": [],
    }  # fmt: skip
    for name, drugs in stories.items():
        world.patient(name)
        for drug in drugs:
            world.issue(name, "2025-11-01", drug)
    world.patient("stopped")
    world.issue("stopped", "2025-06-30", "trelegy")
    world.build()
    classes = dict(world.features("inhaler_class").to_numpy().tolist())
    assert classes == {
        "relvar": "ics_laba", "trelegy": "triple", "separate": "triple", "lama": "lama",
        "reliever": "short_acting", "nothing": "none", "stopped": "none",
    }  # fmt: skip


def test_a_stay_over_two_providers_with_the_exacerbation_in_its_second_episode_is_one_severe_event(
    world: World,
) -> None:
    """Rothnie 2016 (Clin Epidemiol 8:771): any position, any episode; transfers join (epidm)."""
    world.patient("moved")
    stay = {"admission_date": "2025-03-01", "discharge_date": None, "discharge_method": "8"}
    world.episode("moved", "2025-03-01", "2025-03-02", "R074", **stay, discharge_destination="98")
    world.episode(
        "moved", "2025-03-02", "2025-03-04", "I10X", "E119", "N179", "J440",
        **stay, episode_order=2, discharge_destination="98",
    )  # fmt: skip
    world.episode(
        "moved", "2025-03-04", "2025-03-06", "I10X",
        admission_date="2025-03-01", episode_order=3, discharge_destination="51",
    )  # fmt: skip
    world.episode(
        "moved", "2025-03-07", "2025-03-12", "J189",
        provider="RYY", admission_method="81", admission_source="51",
    )  # fmt: skip
    world.build()
    assert world.exacerbations("moved") == [("2025-03-01", "2025-03-12", "severe")]
    assert world.feature("moved", SEVERE) == 1
    assert world.feature("moved", "emergency_copd_admissions_12m") == 1
    assert world.feature("moved", "bed_days_12m") == 11


def test_placeholder_dates_are_repaired_or_dropped_and_counted(world: World) -> None:
    world.patient("repaired")
    world.episode("repaired", "2025-03-01", "2025-03-04", "J441", admission_date="1801-01-01")
    world.patient("dropped")
    world.episode("dropped", "1800-01-01", "2025-03-04", "J441", admission_date="2025-03-01")
    world.build()
    assert world.feature("repaired", SEVERE) == 1
    assert world.feature("dropped", SEVERE) == 0
    assert dict(world.engine.rows("SELECT outcome, episodes FROM hospital_cleaning")) == {
        "used, admission date repaired": 1,
        "no usable start date": 1,
    }


@pytest.mark.parametrize(
    ("written", "counts"),
    [("J22X", 1), ("J22", 1), ("J44.0", 1), ("J440 ", 1), ("j440", 1), ("J440-", 1), ("J44.0†", 1),
     ("J4401", 0), ("J45", 0), ("J449", 1)],
)  # fmt: skip
def test_icd10_is_matched_however_it_is_written(world: World, written: str, counts: int) -> None:
    """J4401 is no UK ICD-10 code."""
    world.patient("written")
    world.episode("written", "2025-03-01", "2025-03-04", written)
    world.build()
    assert world.feature("written", SEVERE) == counts


def test_copd_counts_in_hospital_only_when_it_stands_first(world: World) -> None:
    world.patient("first")
    world.episode("first", "2025-03-01", "2025-03-04", "J449", "S720")
    world.patient("second")
    world.episode("second", "2025-03-01", "2025-03-04", "S720", "J449")
    world.build()
    assert (world.feature("first", SEVERE), world.feature("second", SEVERE)) == (1, 0)


def test_an_attendance_that_leads_to_an_admission_is_one_event(world: World) -> None:
    world.patient("admitted")
    world.attendance("admitted", "2025-03-01", "195951007")
    world.episode("admitted", "2025-03-01", "2025-03-04", "J441")
    world.patient("overnight")
    world.attendance("overnight", "2025-03-01", "195951007")
    world.episode("overnight", "2025-03-02", "2025-03-04", "J441")
    world.patient("home")
    world.attendance("home", "2025-03-01", "195951007")
    world.patient("ward")
    world.attendance("ward", "2025-03-01", "195951007", discharge_destination="306706006")
    world.build()
    names = (SEVERE, "ed_only_exacerbations_12m", "exacerbations_12m", "ed_attendances_12m")
    assert world.features(*names).to_numpy().tolist() == [
        ["admitted", 1, 0, 1, 1],
        ["home", 0, 1, 1, 1],
        ["overnight", 1, 0, 1, 1],
        ["ward", 0, 0, 0, 1],
    ]


def test_copd_diagnosed_again_after_it_was_resolved(world: World) -> None:
    """QOF register rules: a resolved code cancels what stands on or before it."""
    world.patient("again")
    world.gp("again", "2018-01-01", "copd_resolved")
    world.gp("again", "2020-01-01", "copd_dx")
    world.patient("resolved")
    world.gp("resolved", "2018-01-01", "copd_resolved")
    world.patient("same_day", diagnosed="2018-01-01")
    world.gp("same_day", "2018-01-01", "copd_resolved")
    world.build()
    assert world.on_register("again")
    assert world.feature("again", "copd_diagnosis_date") == date(2020, 1, 1)
    assert not world.on_register("resolved")
    assert not world.on_register("same_day")


def test_measurements_come_out_in_one_unit(world: World) -> None:
    world.patient("units")
    for what, value in (("mmrc_2", None), ("fev1", 1850.0), ("ratio", 68.0), ("eosinophils", 0.35)):
        world.gp("units", "2025-05-01", what, value)
    world.patient("emrc")
    world.gp("emrc", "2025-05-01", "emrc_5b")
    world.patient("implausible")
    world.gp("implausible", "2025-05-01", "fev1", 45.0)
    world.gp("implausible", "2025-05-01", "spo2", 12.0)
    world.build()
    names = ("mrc", "fev1_litres", "fev1_fvc_ratio", "eosinophils", "spo2")
    rows = {
        row[0]: row[1:] for row in world.engine.rows(f"SELECT patient_id, {', '.join(names)} FROM features")
    }
    assert rows["units"] == (3, 1.85, 0.68, 350.0, None)
    assert rows["emrc"] == (5, None, None, None, None)
    assert rows["implausible"] == (None,) * 5
    assert dict(
        world.engine.rows("SELECT measure, impossible FROM measurement_quality WHERE impossible > 0")
    ) == {"fev1": 1, "spo2": 1}


def test_long_term_azithromycin_and_prednisolone_make_no_events(world: World) -> None:
    """docs/decisions.md §9, §40: azithromycin by its spacing, prednisolone by its supply over time."""
    monthly = days_after("2025-07-01", 0, 28, 56, 84, 112, 140)
    for name in ("azithromycin", "packs", "courses", "unknown_quantity"):
        world.patient(name)
    for on in monthly:
        world.issue("azithromycin", on, "azithromycin", 12)
        world.issue("azithromycin", on, "prednisolone", 70)
        world.issue("packs", on, "prednisolone", 28)
        world.issue("packs", on, "amoxicillin", 21)
        world.issue("unknown_quantity", on, "prednisolone")
        world.issue("unknown_quantity", on, "amoxicillin")
    for on in days_after("2025-02-01", 0, 21, 70, 92, 150, 172):
        world.course("courses", on)
    world.build()
    names = (MODERATE, "azithromycin_prophylaxis", "maintenance_steroid")
    assert world.features(*names).to_numpy().tolist() == [
        ["azithromycin", 0, True, False],
        ["courses", 6, False, False],
        ["packs", 0, False, True],
        ["unknown_quantity", 6, False, False],
    ]
    assert dict(world.engine.rows("SELECT DISTINCT drug, basis FROM maintenance")) == {
        "azithromycin": "spacing", "steroid": "supply",
    }  # fmt: skip


def test_housebound_no_longer_and_dead_by_the_register_of_deaths_only(world: World) -> None:
    world.patient("out_again")
    world.gp("out_again", "2024-01-01", "housebound")
    world.gp("out_again", "2025-01-01", "housebound_ended")
    world.patient("housebound")
    world.gp("housebound", "2024-01-01", "housebound")
    world.patient("dead")
    world.death("dead", "2025-11-11")
    world.build()
    assert world.feature("out_again", "housebound") is False
    assert world.feature("housebound", "housebound") is True
    assert not world.on_register("dead")


def test_a_record_that_stopped_is_no_recent_data_and_not_a_quiet_year(world: World) -> None:
    """A patient of two practices whose busy record ends nine months before the index; others just quiet."""
    for practice, start in (("A81001", None), ("B82002", None)):
        world.add(
            "patients", patient_id="opted_out", practice_id=practice, sex="female", birth_year=1950,
            registration_start=start, imd_decile=1,
        )  # fmt: skip
    world.gp("opted_out", "2015-01-01", "copd_dx")
    for on in days_after("2024-01-10", *range(0, 430, 30)):
        world.issue("opted_out", on, "salbutamol")
    world.patient("quiet", diagnosed=None)
    world.gp("quiet", "2015-01-01", "copd_dx")
    world.gp("quiet", "2025-01-10", "other")
    world.patient("long_silent", diagnosed=None)
    world.gp("long_silent", "2015-01-01", "copd_dx")
    world.build()
    names = ("no_recent_data", MODERATE, "lama", "exacerbations_12m")
    rows = {
        row[0]: row[1:] for row in world.engine.rows(f"SELECT patient_id, {', '.join(names)} FROM features")
    }
    assert rows["opted_out"] == (True, None, None, None)
    assert rows["quiet"] == (False, 0, False, 0)
    assert rows["long_silent"] == (True, None, None, None)
    assert "no recent GP data" in world.feature("opted_out", "unobservable")


def test_a_standing_type1_dissent_stops_the_run_and_a_withdrawn_one_does_not(world: World) -> None:
    world.patient("withdrawn")
    world.gp("withdrawn", "2020-01-01", "type1_optout")
    world.gp("withdrawn", "2021-01-01", "type1_withdrawn")
    world.build()
    assert world.on_register("withdrawn")
    world.gp("withdrawn", "2022-01-01", "type1_optout")
    with pytest.raises(IdentifiableDataError, match="Type 1") as refused:
        world.build()
    assert refused.value.exit_code == 16
    assert "withdrawn" not in str(refused.value)
