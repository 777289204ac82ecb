"""What the extract cannot show is unknown with a reason, never "no" or 0."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from clinical_world import World

from copd_strat.clinical.dictionary import features, needs
from copd_strat.clinical.observability import MAX_HOSPITAL_LAG_DAYS, ZERO_MATCH_REGISTER

HOSPITAL_FACTS = (
    "severe_exacerbations_12m", "exacerbations_12m", "emergency_copd_admissions_12m", "bed_days_12m",
    "readmissions_30d_12m", "currently_admitted", "severe_ever",
)  # fmt: skip


def test_without_hospital_data_severe_is_not_observable(world: World) -> None:
    world.patient("p")
    world.course("p", "2025-05-01")
    world.without("hospital_episodes").build(complete=False)
    row = world.engine.rows(
        f"SELECT {', '.join(HOSPITAL_FACTS)}, severe_observable, moderate_exacerbations_12m FROM features"
    )[0]
    assert row == (None,) * len(HOSPITAL_FACTS) + (False, 1)
    assert "severe_exacerbations: no source of hospital_episodes" in world.feature("p", "unobservable")


@pytest.mark.parametrize(("lag", "observable"), [(183, True), (184, False)])
def test_hospital_data_that_lag_too_far_hide_severe_events(world: World, lag: int, observable: bool) -> None:
    """docs/decisions.md §2."""
    assert MAX_HOSPITAL_LAG_DAYS == 183
    world.patient("p")
    world.episode("p", "2025-02-01", "2025-02-04", "J441")
    facts = world.build(hospital_complete_to=date(2025, 12, 31) - timedelta(days=lag))
    assert facts.hospital_lag_days == lag
    assert world.feature("p", "severe_observable") is observable
    assert world.feature("p", "severe_exacerbations_12m") == (1 if observable else None)
    assert world.feature("p", "severe_ever") is True


def test_without_emergency_department_data_attendances_are_unknown_and_the_total_stands(world: World) -> None:
    world.patient("p")
    world.course("p", "2025-05-01")
    world.without("ed_attendances", "local_flags").build()
    names = ("ed_only_exacerbations_12m", "ed_attendances_12m", "ed_observable", "exacerbations_12m",
             "gp_nominated", "no_device", "declined_app")  # fmt: skip
    assert world.engine.rows(f"SELECT {', '.join(names)} FROM features") == [
        (None, None, False, 1, None, None, None)
    ]


def test_without_prescriptions_medicines_and_exacerbations_are_unknown(world: World) -> None:
    world.patient("p")
    world.without("prescriptions").build()
    names = ("lama", "inhaler_class", "statin", "moderate_exacerbations_12m", "home_oxygen")
    assert world.engine.rows(f"SELECT {', '.join(names)} FROM features") == [(None, None, None, None, False)]


def test_a_concept_without_codes_is_unknown_with_its_reason(world: World) -> None:
    world.patient("p")
    facts = world.build()
    assert world.feature("p", "has_carer") is None
    assert facts.looked_for == len(needs())
    assert facts.unobservable == {"has_carer": "no code list", "smoking_support_date": "no code list"}


def test_a_list_that_matches_nothing_in_a_large_register_is_unknown_and_in_a_small_one_is_no(
    world: World,
) -> None:
    for number in range(ZERO_MATCH_REGISTER):
        world.patient(f"p{number}")
    world.gp("p0", "2020-01-01", "asthma")
    facts = world.build()
    assert world.feature("p1", "asthma") is False
    assert world.feature("p1", "statin") is None
    assert facts.unobservable["statin"] == "code list matches nothing in the extract"
    world.rows["patients"].pop()
    world.build()
    assert world.feature("p1", "statin") is False


def test_status_uses_the_run_date_and_predictors_the_index(world: World) -> None:
    """docs/decisions.md §3: death, leaving, palliative care and flags count after the index too."""
    for name in ("died", "left", "palliative", "ill_later"):
        world.patient(name, registration_end="2026-02-01" if name == "left" else None)
    world.death("died", "2026-02-10")
    world.gp("palliative", "2026-02-10", "palliative")
    world.gp("ill_later", "2026-01-05", "asthma")
    world.course("ill_later", "2026-01-05")
    world.flag("ill_later", "gp_nominated", "2026-02-20")
    world.flag("ill_later", "declined_app", "2026-03-20")
    world.build(index="2025-12-31", as_of="2026-03-01")
    names = ("palliative", "asthma", "moderate_exacerbations_12m", "gp_nominated", "declined_app")
    assert world.engine.rows(f"SELECT patient_id, {', '.join(names)} FROM features ORDER BY 1") == [
        ("ill_later", False, False, 0, True, False),
        ("palliative", True, False, 0, False, False),
    ]


def test_every_need_names_a_fact_of_the_dictionary() -> None:
    names = {feature.name for feature in features()}
    prefixes = {"moderate_exacerbations", "severe_exacerbations", "ed_only_exacerbations"}
    assert {need.feature for need in needs()} - names == prefixes


def test_the_dictionary_is_complete_and_describes_the_table(world: World) -> None:
    world.patient("p")
    world.build()
    made = [(row[0], row[1]) for row in world.engine.rows("DESCRIBE features")]
    assert made == [(feature.name, feature.type) for feature in features()]
    assert all(feature.meaning and feature.source and feature.missing_means for feature in features())
