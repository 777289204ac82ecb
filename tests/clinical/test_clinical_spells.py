"""Provider spells, continuous inpatient spells, admissions and readmissions."""

from __future__ import annotations

from datetime import date
from importlib import import_module
from typing import Any

import pytest
from clinical_world import World


def spells(world: World, patient: str) -> list[tuple[Any, ...]]:
    return world.engine.rows(
        "SELECT admission_date, discharge_date, providers, emergency, copd_related, finished FROM spells"
        f" JOIN people USING (patient) WHERE patient_id = '{patient}' ORDER BY admission_date"
    )


def march(number: int) -> date:
    return date(2025, 3, number)


def test_transfers_join_within_two_days_and_only_with_a_sign_of_transfer(world: World) -> None:
    """UKHSA epidm cip_spells: gap 0 to 2 days; the pair 19 -> 51 with method 21 is a new emergency."""
    stories: dict[str, tuple[int, dict[str, str], dict[str, str]]] = {
        "sent": (7, {"discharge_destination": "51"}, {}),
        "received": (7, {}, {"admission_source": "51", "admission_method": "11"}),
        "transfer_method": (7, {}, {"admission_method": "81"}),
        "two_days": (7, {"discharge_destination": "51"}, {}),
        "three_days": (8, {"discharge_destination": "51"}, {}),
        "no_sign": (6, {}, {}),
        "home_then_emergency": (6, {}, {"admission_source": "51"}),
    }
    for name, (start, first, second) in stories.items():
        world.patient(name)
        world.episode(name, "2025-03-01", "2025-03-05", "J441", **first)
        world.episode(name, march(start), march(10), "I10X", provider="RYY", **second)
    world.build()
    joined = {name for name in stories if len(spells(world, name)) == 1}
    assert joined == {"sent", "received", "transfer_method", "two_days"}
    assert spells(world, "sent") == [(march(1), march(10), 2, True, True, True)]


def test_episodes_of_one_stay_make_one_spell(world: World) -> None:
    """Same admission date; or no discharge (method 8) and the next one starting that day."""
    world.patient("same_admission")
    for order, (start, end) in enumerate(
        (("2025-03-01", "2025-03-02"), ("2025-03-02", "2025-03-06")), start=1
    ):
        world.episode("same_admission", start, end, "J441", admission_date="2025-03-01", episode_order=order)
    world.patient("handed_on")
    world.episode("handed_on", "2025-03-01", "2025-03-02", "J441", discharge_method="8", discharge_date=None)
    world.episode(
        "handed_on", "2025-03-02", "2025-03-06", "J441", admission_date="2025-03-02", episode_order=2
    )
    world.build()
    assert spells(world, "same_admission") == [(march(1), march(6), 1, True, True, True)]
    assert spells(world, "handed_on") == [(march(1), march(6), 1, True, True, True)]


def test_unfinished_spells_are_status_and_do_not_count(world: World) -> None:
    """docs/decisions.md §30."""
    world.patient("still_in")
    world.episode(
        "still_in", "2025-12-20", None, "J441",
        episode_status=1, discharge_destination="98", discharge_method="8",
    )  # fmt: skip
    world.patient("later_finished")
    world.episode("later_finished", "2025-12-20", "2026-01-04", "J441")
    world.build()
    assert world.feature("still_in", "severe_exacerbations_12m") == 0
    assert world.feature("still_in", "currently_admitted") is True
    assert world.feature("later_finished", "severe_exacerbations_12m") == 0
    world.build(as_of="2026-01-31")
    assert world.feature("later_finished", "severe_exacerbations_12m") == 1


def test_rows_that_are_no_admission_are_left_out_and_counted(world: World) -> None:
    world.patient("p")
    world.episode("p", "2025-03-01", "2025-03-01", "J441", patient_class="3")
    world.episode("p", "2025-04-05", "2025-04-01", "J441")
    world.episode("p", "2025-05-01", "2025-05-03", "J441", provider=" ")
    world.episode("p", "2025-05-11", "2025-05-13", "J441", provider=None)
    for status, end in ((1, None), (3, "2025-06-05")):
        world.episode("p", "2025-06-01", end, "J441", episode_id="same", episode_status=status)
    for provider in ("RXX", None):
        world.episode("p", "2025-08-01", "2025-08-02", "I10X", episode_id="again", provider=provider)
    world.build()
    assert dict(world.engine.rows("SELECT outcome, episodes FROM hospital_cleaning")) == {
        "regular attender": 1, "ends before it starts": 1, "no provider": 3, "repeated episode id": 1,
        "used": 2,
    }  # fmt: skip
    assert spells(world, "p") == [
        (date(2025, 6, 1), date(2025, 6, 5), 1, True, True, True),
        (date(2025, 8, 1), date(2025, 8, 2), 1, True, False, True),
    ]


def test_elective_and_unrelated_stays_are_not_severe(world: World) -> None:
    world.patient("elective")
    world.episode("elective", "2025-03-01", "2025-03-04", "J441", admission_method="11")
    world.patient("birth_code")
    world.episode("birth_code", "2025-03-01", "2025-03-04", "J441", admission_method="2C")
    world.patient("unrelated")
    world.episode("unrelated", "2025-03-01", "2025-03-04", "S720")
    world.build()
    assert spells(world, "elective") == [(march(1), march(4), 1, False, True, True)]
    assert spells(world, "unrelated") == [(march(1), march(4), 1, True, False, True)]
    names = ("severe_exacerbations_12m", "emergency_admissions_12m", "emergency_copd_admissions_12m")
    assert world.features(*names).to_numpy().tolist() == [
        ["birth_code", 0, 0, 0],
        ["elective", 0, 0, 0],
        ["unrelated", 0, 1, 0],
    ]


def test_readmission_counts_apart_from_exacerbations(world: World) -> None:
    """A stay 10 days after discharge is the same exacerbation, yet an admission of its own."""
    for name, second in (("soon", "2025-03-15"), ("late", "2025-03-20"), ("quarter", "2025-05-30")):
        world.patient(name)
        world.episode(name, "2025-03-01", "2025-03-05", "J441")
        world.episode(name, second, second, "J441")
    world.build()
    names = ("severe_exacerbations_12m", "emergency_copd_admissions_12m", "readmissions_30d_12m",
             "readmissions_90d_12m")  # fmt: skip
    assert world.features(*names).to_numpy().tolist() == [
        ["late", 2, 2, 1, 1],
        ["quarter", 2, 2, 0, 1],
        ["soon", 1, 2, 1, 1],
    ]


def test_exacerbations_merge_across_settings_and_the_highest_severity_wins(world: World) -> None:
    """docs/decisions.md §8: GP days before a stay, and a GP day within 14 days of discharge, belong to it."""
    world.patient("p")
    world.course("p", "2025-03-01")
    world.episode("p", "2025-03-10", "2025-03-20", "J441")
    world.gp("p", "2025-04-03", "aecopd")
    world.attendance("p", "2025-06-01", "50417007")
    world.gp("p", "2025-06-03", "lrti")
    world.build()
    assert world.exacerbations("p") == [
        ("2025-03-01", "2025-04-03", "severe"),
        ("2025-06-01", "2025-06-03", "ed_only"),
    ]
    assert world.feature("p", "exacerbation_evidence_12m") == (
        "2025-03-10 emergency admission, 10 nights (began 2025-03-01, 2 more events); "
        "2025-06-01 emergency department attendance (1 more event)"
    )


@pytest.mark.parametrize(("out", "nights"), [("2025-03-10", "0 nights"), ("2025-03-11", "1 night")])
def test_the_evidence_of_a_stay_reads_well(world: World, out: str, nights: str) -> None:
    world.patient("p")
    world.episode("p", "2025-03-10", out, "J441")
    world.build()
    assert world.feature("p", "exacerbation_evidence_12m") == f"2025-03-10 emergency admission, {nights}"


def test_facts_made_in_parts_of_patients_are_each_patients_own(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = import_module("copd_strat.clinical.build")  # the room gives its function the module's name
    monkeypatch.setattr(module, "_EVIDENCE_AT_A_TIME", 2)
    monkeypatch.setattr(module, "_PEOPLE_AT_A_TIME", 3)
    for month in range(1, 8):
        world.patient(f"p{month}")
        world.gp(f"p{month}", f"2025-{month:02}-03", "aecopd")
    world.build()
    assert min(len(world.engine.parts_of(name)) for name in ("exacerbation_evidence", "features")) > 1
    assert world.features("exacerbation_evidence_12m").to_numpy().tolist() == [
        [f"p{month}", f"2025-{month:02}-03 exacerbation code"] for month in range(1, 8)
    ]


def test_bed_days_are_those_inside_the_window(world: World) -> None:
    world.patient("p")
    world.episode("p", "2024-12-29", "2025-01-03", "J441")
    world.build()
    assert world.feature("p", "bed_days_12m") == 3
    assert world.feature("p", "emergency_copd_admissions_12m") == 0


def test_the_evidence_of_a_general_practice_day_names_what_made_it(world: World) -> None:
    """Rothnie 2016: signs count with one of the medicines; both medicines need no sign, and none is named."""
    stories = {
        "two": (("cough", "sputum"), ("amoxicillin",), "symptoms, antibiotic"),
        "three": (
            ("cough", "sputum", "breathless"), ("prednisolone",),
            "symptoms, oral steroid",
        ),
        "both": (
            ("cough", "sputum"), ("amoxicillin", "prednisolone"),
            "antibiotic and oral steroid",
        ),
        "one": (("cough",), ("amoxicillin",), None),
    }  # fmt: skip
    for name, (signs, drugs, _) in stories.items():
        world.patient(name)
        for sign in signs:
            world.gp(name, "2025-03-01", sign)
        for drug in drugs:
            world.issue(name, "2025-03-01", drug, 30)
    world.build()
    said = {name: world.feature(name, "exacerbation_evidence_12m") for name in stories}
    assert said == {name: text and f"2025-03-01 {text}" for name, (*_, text) in stories.items()}


def test_the_last_severe_exacerbation_is_the_latest_and_severe(world: World) -> None:
    world.patient("p")
    world.episode("p", "2025-03-01", "2025-03-05", "J441")
    world.episode("p", "2025-06-01", "2025-06-05", "J441")
    world.gp("p", "2025-09-01", "aecopd")
    world.patient("never")
    world.gp("never", "2025-09-01", "aecopd")
    world.patient("begun with a rescue pack")
    world.gp("begun with a rescue pack", "2025-03-01", "aecopd")
    world.gp("begun with a rescue pack", "2025-03-01", "rescue_pack")
    world.episode("begun with a rescue pack", "2025-03-10", "2025-03-12", "J441")
    world.build()
    last = (
        "SELECT patient_id, last_severe_date FROM exacerbation_facts JOIN people USING (patient) ORDER BY 1"
    )
    assert world.engine.rows(last) == [
        ("begun with a rescue pack", march(1)),
        ("never", None),
        ("p", date(2025, 6, 1)),
    ]


@pytest.mark.parametrize("rule", ["chain", "anchor"])
def test_without_the_days_of_a_rescue_pack_other_exacerbations_are_gathered(world: World, rule: str) -> None:
    """docs/decisions.md §9: counted twice for who has a pack, once for everybody else."""
    for name, days in (("p", (1, 11, 16)), ("other", (2, 12))):
        world.patient(name)
        for number in days:
            world.gp(name, march(number), "aecopd")
    world.gp("p", march(11), "rescue_pack")
    world.build(episode_rule=rule)
    rows = world.engine.rows(
        "SELECT patient_id, counting, start_date, end_date, events FROM counted_exacerbations"
        " JOIN people USING (patient) ORDER BY ALL"
    )
    everything = [("p", "all", march(1), march(16), 3)]
    if rule == "anchor":
        everything = [("p", "all", march(1), march(11), 2), ("p", "all", march(16), march(16), 1)]
    assert rows == [
        ("other", "all", march(2), march(12), 2),
        *everything,
        ("p", "excl_rescue", march(1), march(1), 1),
        ("p", "excl_rescue", march(16), march(16), 1),
    ]
    assert world.engine.scalar("SELECT count(*) FROM episode_starts WHERE episode_start IS NULL") == 0


def test_an_exacerbation_says_what_was_issued(world: World) -> None:
    """Treated: an antibiotic or oral steroid from the practice; a department or hospital issues none of it."""
    world.patient("p")
    world.course("p", "2025-01-10")
    world.gp("p", "2025-03-01", "aecopd")
    world.gp("p", "2025-05-01", "aecopd")
    world.gp("p", "2025-05-01", "rescue_pack")
    world.attendance("p", "2025-07-01", "50417007")
    world.episode("p", "2025-09-01", "2025-09-05", "J441")
    world.build()
    assert world.engine.rows(
        "SELECT severity, treated, rescue_pack FROM exacerbations ORDER BY start_date"
    ) == [
        ("moderate", True, False),
        ("moderate", False, False),
        ("moderate", False, True),
        ("ed_only", False, False),
        ("severe", False, False),
    ]


def test_a_stay_that_the_source_calls_unfinished_is_unfinished(world: World) -> None:
    """Episode status 1: its end is not the stay's."""
    for name, status in (("unfinished", 1), ("finished", 3)):
        world.patient(name)
        world.episode(name, "2025-03-01", "2025-03-05", "J441", discharge_date=None, episode_status=status)
    world.build()
    found = {name: [row[1] for row in spells(world, name)] for name in ("unfinished", "finished")}
    assert found == {"unfinished": [None], "finished": [march(5)]}


def test_somebody_is_in_hospital_for_half_a_year_at_most(world: World) -> None:
    """An open stay that began longer ago was never closed (project choice)."""
    for name, start in (("longer", "2025-06-30"), ("shorter", "2025-07-01")):
        world.patient(name)
        world.episode(
            name, start, None, "J441", episode_status=1, discharge_method="8", discharge_destination="98"
        )
    world.build()
    assert world.feature("longer", "currently_admitted") is False
    assert world.feature("shorter", "currently_admitted") is True


def test_death_in_hospital_is_told_by_method_or_destination(world: World) -> None:
    """HES: discharge method 4 died; destination 79 patient died."""
    stories = {
        "method": ("4", "19"),
        "destination": ("1", "79"),
        "home": ("1", "19"),
        "elsewhere": ("1", "54"),
        "still in": ("8", "98"),
    }
    for name, (method, destination) in stories.items():
        world.patient(name)
        world.episode(
            name,
            "2025-03-01",
            "2025-03-05",
            "J441",
            discharge_method=method,
            discharge_destination=destination,
        )
    world.build()
    died = "SELECT patient_id FROM spells JOIN people USING (patient) WHERE died ORDER BY 1"
    assert world.engine.rows(died) == [("destination",), ("method",)]


def test_of_rows_with_one_id_the_later_discharge_counts(world: World) -> None:
    for name, days in (
        ("later", ("2025-03-05", "2025-03-07", "2025-03-06")),
        ("on the run date", ("2025-12-30", "2025-12-31", None)),
    ):
        end, *discharges = days
        world.patient(name)
        for discharge in discharges:
            world.episode(name, "2025-03-01", end, "J441", episode_id=name, discharge_date=discharge)
    world.build()
    assert [row[1] for row in spells(world, "later")] == [march(7)]
    assert [row[1] for row in spells(world, "on the run date")] == [date(2025, 12, 31)]


def test_on_one_day_the_hospital_that_sends_comes_before_the_one_that_receives(world: World) -> None:
    """BHF Data Science Centre's HES APC curation: neither, out, in and out, in."""
    signs: dict[str, dict[str, Any]] = {
        "neither": {"discharge_destination": "79", "admission_source": "98"},
        "out": {"discharge_destination": "51"},
        "out, source and method unknown": {
            "discharge_destination": "84", "admission_source": None, "admission_method": None,
        },
        "out and in": {"discharge_destination": "51", "admission_source": "51"},
        "in by source": {"admission_source": "49", "admission_method": None},
        "in by method": {"admission_source": None, "admission_method": "81", "discharge_destination": None},
    }  # fmt: skip
    world.patient("p")
    for number, (name, told) in enumerate(signs.items()):
        told = {"provider": f"RX{number}", "episode_id": f"{9 - number} {name}", **told}
        world.episode("p", "2025-03-01", "2025-03-01", "J441", **told)
    world.build()
    placed = world.engine.rows("SELECT substr(episode_id, 3), transit FROM placed_episodes ORDER BY place")
    assert [transit for _, transit in placed] == [0, 1, 1, 2, 3, 3]
    assert [name for name, _ in placed] == [
        "neither", "out, source and method unknown", "out", "out and in", "in by method", "in by source",
    ]  # fmt: skip


def test_a_stay_whose_admission_method_is_unknown_is_no_emergency(world: World) -> None:
    world.patient("p")
    world.episode("p", "2025-03-01", "2025-03-05", "J441", admission_method=None)
    world.build()
    assert spells(world, "p") == [(march(1), march(5), 1, False, True, True)]
