"""From night to night: stay-on, places of the month, changes, and clinicians' decisions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pandas as pd
import pytest
from pathways_population import AS_OF, population

from copd_strat.pathways import (
    Assignment,
    Policy,
    assign,
    diff,
    load_policy,
    override_counts,
    validate_decisions,
)
from copd_strat.pathways.policy import Capacity

RISK = load_policy("risk_and_rules")
TWO_PLACES = RISK.model_copy(update={"capacity": Capacity(places=2)})
NIGHT = timedelta(days=1)


def nights(
    *facts: Sequence[dict[str, Any]],
    days: Sequence[int] | None = None,
    policy: Policy = RISK,
    start: date = AS_OF,
    **more: Any,
) -> list[Assignment]:
    """One run for each entry of ``facts``, that run's patients: a night apart, or on the given ``days``."""
    results: list[Assignment] = []
    for patients, number in zip(facts, days or range(len(facts)), strict=True):
        previous = results[-1].history if results else None
        as_of = start + timedelta(days=number)
        results.append(assign(population(*patients), policy, as_of=as_of, previous=previous, **more))
    return results


def only(result: Assignment) -> pd.Series:
    assert len(result.patients) == 1
    return result.patients.iloc[0]


def dispositions(results: Sequence[Assignment]) -> list[str]:
    return [only(result)["disposition"] for result in results]


HIGH, NEAR, LOW = {"risk_severe_12m": 0.20}, {"risk_severe_12m": 0.13}, {"risk_severe_12m": 0.05}
UNSCORED = {"risk_severe_12m": None, "fev1_pct_predicted": None, "mrc": None}


def test_a_name_stays_28_days_below_the_lower_line() -> None:
    results = nights([HIGH], [LOW], [LOW], [LOW], [LOW], days=[0, 1, 15, 28, 29])
    assert dispositions(results) == ["clinic"] * 4 + ["self_management"]
    assert "stays until 1 May 2026" in only(results[1])["why_1"]
    assert "stay_on" in only(results[1])["reason_codes"]
    assert only(results[-1])["change"] == "down to app"


def test_between_the_two_lines_a_name_stays_for_good() -> None:
    results = nights([HIGH], [NEAR], [NEAR], [NEAR], days=[0, 1, 30, 90])
    assert set(dispositions(results)) == {"clinic"}


def test_crossing_the_line_again_starts_the_days_anew() -> None:
    results = nights([HIGH], [LOW], [LOW], [HIGH], [LOW], [LOW], days=[0, 1, 20, 21, 22, 49])
    assert set(dispositions(results)) == {"clinic"}


def test_below_both_lines_from_the_start_nobody_is_kept() -> None:
    assert dispositions(nights([NEAR], [NEAR])) == ["self_management"] * 2


def test_a_record_that_falls_silent_never_counts_as_recovery() -> None:
    results = nights([HIGH], [UNSCORED], [UNSCORED], days=[0, 1, 90])
    assert set(dispositions(results)) == {"clinic"}
    assert "not yet known to be clear" in only(results[-1])["why_1"]
    assert "No usable FEV1 on record" in only(results[-1])["data_warnings"]


def test_palliative_care_ends_the_stay_at_once() -> None:
    results = nights([HIGH], [{**HIGH, "palliative": True}])
    assert only(results[1])["change"] == "left: palliative care"
    assert results[1].changes[["kind", "change"]].to_numpy().tolist() == [["left", "left: palliative care"]]


def test_the_stay_follows_a_patient_to_another_practice() -> None:
    results = nights([HIGH], [{**LOW, "practice_id": "B82003"}])
    assert only(results[1])["disposition"] == "clinic"
    assert only(results[1])["change"] == "new"
    told = results[1].changes.set_index("practice_id")
    assert told.loc["A81001", ["kind", "why"]].tolist() == ["left", "moved"]
    assert told.loc["B82003", ["kind", "change"]].tolist() == ["first", "everybody is new (1)"]


CHANGES = [
    (LOW, HIGH, "up from app"),
    (UNSCORED, HIGH, "up from review"),
    (UNSCORED, LOW, "down to app"),
    (LOW, UNSCORED, "up from app"),
    (LOW, LOW, "unchanged"),
    ({**LOW, "palliative": True}, LOW, "up from not listed"),
    (LOW, {**LOW, "palliative": True}, "left: palliative care"),
]


@pytest.mark.parametrize(("before", "after", "change"), CHANGES)
def test_a_change_is_told_in_words(before: dict[str, Any], after: dict[str, Any], change: str) -> None:
    assert only(nights([before], [after])[1])["change"] == change


def test_first_run_calls_everybody_new() -> None:
    first = nights([HIGH, LOW, {**LOW, "palliative": True}])[0]
    assert first.patients["change"].tolist() == ["new"] * 3
    assert first.changes[["practice_id", "kind", "change"]].to_numpy().tolist() == [
        ["A81001", "first", "everybody is new (2)"]
    ], "one line, and who is not listed is not counted"


def test_a_newcomer_to_a_known_practice_is_named() -> None:
    second = nights([HIGH], [HIGH, LOW])[1]
    assert second.changes["kind"].tolist() == ["new"]
    assert (
        second.changes["patient_ref"].iloc[0]
        == second.patients.set_index("patient_id").loc["P00001", "patient_ref"]
    )


def test_nobody_in_hospital_is_offered_an_app_or_asked_in() -> None:
    inside = {"currently_admitted": True}
    at_app, at_review = (only(nights([{**facts, **inside}])[0]) for facts in (LOW, UNSCORED))
    assert at_app["suggested_action"].startswith(
        "In hospital, offer supported self-management after discharge"
    )
    assert at_review["suggested_action"].startswith("In hospital, complete the record after discharge; ")
    for patient in (at_app, at_review):
        assert (
            "In hospital by the latest record (hospital data to 15 Mar 2026), not yet discharged"
            in patient["data_warnings"]
        )
    assert only(nights([LOW])[0])["suggested_action"].startswith("Offer supported self-management")


def test_an_accepted_name_is_not_invited_again() -> None:
    patient = only(nights([HIGH_A], decisions=decision_on(HIGH_A, "accepted"))[0])
    assert patient["suggested_action"] == "No new invitation; Accepted by the practice (2 Apr 2026)"


def test_those_who_left_are_told_with_the_reason() -> None:
    first = assign(population(HIGH, LOW, LOW), RISK, as_of=AS_OF)
    rest = population(HIGH)
    left = pd.DataFrame({"patient_id": ["P00001"], "reason": ["died"]})
    told = assign(rest, RISK, as_of=AS_OF + NIGHT, previous=first.history, left=left).changes
    assert told.set_index("patient_id")["change"].to_dict() == {
        "P00001": "left: died",
        "P00002": "left: no longer on the register",
    }


def test_diff_of_two_histories_needs_no_words() -> None:
    first, second = nights([LOW, HIGH], [HIGH, HIGH])
    told = diff(first.history, second.history)
    assert told[["patient_id", "kind", "was", "now"]].to_numpy().tolist() == [
        ["P00000", "up", "self_management", "clinic"]
    ]


def place_of(result: Assignment) -> dict[str, str | None]:
    frame = result.patients
    return {
        p: place if isinstance(place, str) else None
        for p, place in zip(frame["patient_id"], frame["place"], strict=True)
    }


THREE = [
    {**HIGH, "patient_id": "a"},
    {"patient_id": "b", "risk_severe_12m": 0.19},
    {"patient_id": "c", "risk_severe_12m": 0.18},
]


def test_a_newcomer_of_higher_rank_takes_no_place_already_given() -> None:
    newcomer = {"patient_id": "d", "risk_severe_12m": 0.5}
    results = nights(THREE, [*THREE, newcomer], policy=TWO_PLACES)
    assert place_of(results[0]) == {"a": "clinic", "b": "clinic", "c": "reserve"}
    assert place_of(results[1]) == {"a": "clinic", "b": "clinic", "c": "reserve", "d": "reserve"}
    assert results[1].patients.set_index("patient_id")["rank"].to_dict() == {"d": 1, "a": 2, "b": 3, "c": 4}


def test_a_new_month_gives_all_places_anew() -> None:
    newcomer = {"patient_id": "d", "risk_severe_12m": 0.5}
    results = nights(THREE, [*THREE, newcomer], policy=TWO_PLACES, start=date(2026, 4, 30))
    assert place_of(results[1]) == {"a": "clinic", "b": "reserve", "c": "reserve", "d": "clinic"}
    assert results[1].patients.set_index("patient_id").loc["b", "change"] == "down to reserve"
    told = results[1].changes.set_index("patient_id")[["kind", "change"]]
    assert told.loc["b"].tolist() == ["down", "down to reserve"], "who lost a place is told, too"


def test_a_place_given_counts_though_its_holder_moved_to_another_list() -> None:
    wrong = decision_on(THREE[0], "wrong")
    first = assign(population(*THREE), TWO_PLACES, as_of=AS_OF)
    second = assign(
        population(*THREE), TWO_PLACES, as_of=AS_OF + NIGHT, previous=first.history, decisions=wrong
    )
    assert place_of(second) == {"a": None, "b": "clinic", "c": "reserve"}


def test_a_place_comes_back_if_its_holder_declined_or_left() -> None:
    first = assign(population(*THREE), TWO_PLACES, as_of=AS_OF)
    declined = assign(
        population(*THREE),
        TWO_PLACES,
        as_of=AS_OF + NIGHT,
        previous=first.history,
        decisions=decision_on(THREE[0], "declined"),
    )
    left = assign(population(*THREE[1:]), TWO_PLACES, as_of=AS_OF + NIGHT, previous=first.history)
    assert place_of(declined) == {"a": None, "b": "clinic", "c": "clinic"}
    assert place_of(left) == {"b": "clinic", "c": "clinic"}
    assert declined.patients.set_index("patient_id").loc["c", "change"] == "up from reserve"
    told = declined.changes.set_index("patient_id")[["kind", "change"]]
    assert told.loc["c"].tolist() == ["up", "up from reserve"], "who newly has a place is told"


def test_who_is_on_the_caseload_takes_no_new_place() -> None:
    seen = [{**THREE[0], "on_clinic_caseload": True}, *THREE[1:]]
    assert place_of(nights(seen, policy=TWO_PLACES)[0]) == {"a": None, "b": "clinic", "c": "clinic"}


def decision_on(
    patient: dict[str, Any], decision: str, decided_on: object = AS_OF, **changed: Any
) -> pd.DataFrame:
    reference = population(patient)["patient_ref"][0]
    row = {
        "practice_id": "A81001",
        "patient_ref": reference,
        "run_id": "r",
        "decision": decision,
        "reason": None,
    }
    return pd.DataFrame([{**row, "decided_on": decided_on, **changed}])


HIGH_A = {**HIGH, "patient_id": "a"}


@pytest.mark.parametrize(
    ("decision", "disposition", "place"),
    [
        ("accepted", "clinic", None),
        ("Already known", "clinic", None),
        ("declined", "not_listed", None),
        ("wrong", "clinical_review", None),
        ("Wrong because not COPD", "clinical_review", None),
        ("maybe", "clinic", "clinic"),
    ],
)
def test_a_decision_holds_a_name_on_or_off(decision: str, disposition: str, place: str | None) -> None:
    result = nights([HIGH_A], decisions=decision_on(HIGH_A, decision))[0]
    assert only(result)["disposition"] == disposition
    assert place_of(result) == {"a": place}


def test_declining_is_told_as_leaving_and_counted() -> None:
    decided = decision_on(HIGH_A, "declined", AS_OF + NIGHT)
    results = nights([HIGH_A], [HIGH_A], decisions=decided)
    assert only(results[1])["change"] == "left: declined"
    assert only(results[1])["reason_codes"] == "decision_declined;severe_risk"
    counted = override_counts(decided, AS_OF + NIGHT).iloc[0]
    assert (counted["declined"], counted["total"], counted["override_share"]) == (1, 1, 1.0)


def test_a_decision_runs_out_and_a_new_admission_lifts_it() -> None:
    declined = decision_on(HIGH_A, "declined", date(2025, 12, 1))
    early = assign(population(HIGH_A), RISK, as_of=date(2026, 5, 31), decisions=declined)
    late = assign(population(HIGH_A), RISK, as_of=date(2026, 6, 1), decisions=declined)
    admitted = {**HIGH_A, "severe_exacerbations_12m": 1, "last_severe_date": date(2026, 2, 1)}
    lifted = assign(population(admitted), RISK, as_of=AS_OF, decisions=declined)
    assert [only(result)["disposition"] for result in (early, late, lifted)] == [
        "not_listed",
        "clinic",
        "clinic",
    ]


def test_the_latest_decision_counts_and_two_different_ones_of_one_day_do_not() -> None:
    """Nobody leaves all lists because two people answered differently: what held before still holds."""
    declined, accepted = (
        decision_on(HIGH_A, "declined", date(2026, 3, 1)),
        decision_on(HIGH_A, "accepted", date(2026, 3, 2)),
    )
    wrong_too = decision_on(HIGH_A, "wrong", date(2026, 3, 2))
    same_day = [decision_on(HIGH_A, "accepted"), decision_on(HIGH_A, "declined")]
    for rows, wanted in (
        ([declined, accepted], "clinic"),
        (same_day, "clinic"),
        ([declined, accepted, wrong_too], "not_listed"),
        ([declined, declined], "not_listed"),
    ):
        for order in (rows, rows[::-1]):
            result = nights([HIGH_A], decisions=pd.concat(order))[0]
            assert only(result)["disposition"] == wanted
    feedback = validate_decisions(pd.concat(same_day), AS_OF)
    assert feedback.accepted.empty
    assert set(feedback.refused["problem"]) == {"two different answers of one day"}
    both_keep = pd.concat([decision_on(HIGH_A, "accepted"), decision_on(HIGH_A, "already known")])
    assert len(validate_decisions(both_keep, AS_OF).accepted) == 2


def test_unusable_decisions_are_refused_with_the_problem() -> None:
    rows = [
        decision_on(HIGH_A, "accepted", "2026-04-01"),
        decision_on(HIGH_A, "perhaps"),
        decision_on(HIGH_A, "declined", patient_ref="CP-0000-0000-1"),
        decision_on(HIGH_A, "declined", None),
        decision_on(HIGH_A, "declined", AS_OF + NIGHT),
    ]
    feedback = validate_decisions(pd.concat(rows), AS_OF)
    assert len(feedback.accepted) == 1
    assert feedback.refused["problem"].tolist() == [
        "not a known decision",
        "the reference's check character does not fit",
        "no date",
        "dated after the run date",
    ]


def test_the_history_has_one_row_a_register_patient_and_survives_parquet(tmp_path: Any) -> None:
    first = assign(population(*THREE), TWO_PLACES, as_of=AS_OF)
    first.history.to_parquet(tmp_path / "history.parquet")
    read = pd.read_parquet(tmp_path / "history.parquet", dtype_backend="pyarrow")
    again = assign(population(*THREE), TWO_PLACES, as_of=AS_OF + NIGHT, previous=read)
    wanted = assign(population(*THREE), TWO_PLACES, as_of=AS_OF + NIGHT, previous=first.history)
    pd.testing.assert_frame_equal(again.history, wanted.history)
    assert again.patients["change"].tolist() == ["unchanged"] * 3
