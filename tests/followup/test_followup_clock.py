"""The clock on a simulated world, held against its truth, and on records changed by hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest
from followup_world import AS_OF, POLICY, Clock, clock

from copd_strat.followup import worklist
from copd_strat.synthetic import World

FOLLOW_UP, TECHNIQUE, PLAN = "394702007", "170614009", "811961000000106"


def truth(world: World, name: str) -> pd.DataFrame:
    frame: pd.DataFrame = world.truth[name].to_pandas()
    return frame


def recent_discharges(world: World, days: int) -> pd.DataFrame:
    """True discharges of people on the register, of each person the last one."""
    found = truth(world, "discharges").merge(
        truth(world, "patients").query("on_register")[["patient_id"]], on="patient_id"
    )
    found = found[found["discharge_date"] > AS_OF - timedelta(days=days)]
    return found.groupby("patient_id", as_index=False)["discharge_date"].max()


def test_every_discharge_of_the_last_month_is_on_the_worklist_once(night: Clock, small_world: World) -> None:
    expected = recent_discharges(small_world, 30)
    palliative = set(night.patients.loc[night.patients["palliative"].fillna(False), "patient_id"])
    expected = expected[~expected["patient_id"].isin(palliative)]
    assert len(expected) >= 2
    duties = night.found.duties.query("event == 'discharge'")
    closed = duties.groupby("patient_id")["state"].agg(lambda states: set(states) <= {"done", "settled"})
    lines = night.lines.query("event == 'discharge'")
    on_list = {(row.patient_id, row.event_date.date()) for row in lines.itertuples()}
    for row in expected.itertuples():
        assert (row.patient_id, row.discharge_date) in on_list or closed[row.patient_id]
    assert not night.lines.duplicated(["patient_id", "event"]).any()


def test_nobody_dead_gone_or_in_palliative_care_is_on_it(night: Clock, small_world: World) -> None:
    people = truth(small_world, "patients")
    assert set(night.lines["patient_id"]) <= set(people.loc[people["on_register"], "patient_id"])
    palliative = set(night.patients.loc[night.patients["palliative"].fillna(False), "patient_id"])
    assert not set(night.lines["patient_id"]) & palliative
    counted = night.found.duties.loc[night.found.duties["palliative"], "patient_id"].nunique()
    assert night.found.palliative == counted


def test_duties_fall_due_as_the_policy_says(night: Clock) -> None:
    days = {duty.id: duty.within_days for duty in POLICY.duties}
    waited = (night.found.duties["due_on"] - night.found.duties["event_date"]).dt.days
    assert (waited == night.found.duties["duty"].map(days)).all()
    after = night.found.duties.groupby("event")["duty"].unique().map(set)
    assert after["moderate"] == {"review", "inhaler_check"}
    assert after["discharge"] == {"review", "rehabilitation", "bundle", "inhaler_check"}


def test_what_was_done_by_the_truth_is_closed(night: Clock, small_world: World) -> None:
    """Each simulated contact after a discharge closes its duty, on its day or before it."""
    care = truth(small_world, "after_care").merge(
        recent_discharges(small_world, 90), on=["patient_id", "discharge_date"]
    )
    duties = night.found.duties.query("event == 'discharge'").set_index(["patient_id", "duty"])
    checked = 0
    for row in care.itertuples():
        duty = {"copd_followup": "review", "inhaler_technique": "inhaler_check"}.get(row.what)
        if duty and (row.patient_id, duty) in duties.index and row.day > row.discharge_date:
            found = duties.loc[(row.patient_id, duty)]
            assert found["state"] == "done"
            assert found["closed_on"].date() <= row.day
            checked += 1
    assert checked >= 3


def test_lines_are_numbered_and_the_first_ones_marked(night: Clock) -> None:
    for _, own in night.lines.groupby("practice_id"):
        assert own["order"].tolist() == list(range(1, len(own) + 1))
        assert own["today"].sum() == min(POLICY.today, own["next_due"].notna().sum())
        assert own["today"].iloc[: own["today"].sum()].all()


@pytest.fixture(scope="module")
def one_open(night: Clock) -> str:
    """Somebody whose duties after a discharge are all still open."""
    states = night.found.duties.query("event == 'discharge' and not palliative").groupby("patient_id")[
        "state"
    ]
    waiting = states.agg(lambda found: set(found) <= {"due", "overdue"})
    return str(waiting[waiting].index[0])


@pytest.fixture(scope="module")
def closed_night(
    small_world: World, night: Clock, one_open: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Clock, str, date]]:
    """The next night, after a follow-up contact, an inhaler check and a plan for ``one_open``, by a table without
    contacts."""
    tmp_path = tmp_path_factory.mktemp("closed")
    night.found.write_tables(tmp_path / "last")
    day = AS_OF - timedelta(days=2)
    events = small_world.tables["gp_events"].to_pandas()
    more = pd.DataFrame(
        {
            "patient_id": one_open,
            "event_date": day,
            "code": [FOLLOW_UP, TECHNIQUE, PLAN],
            "code_system": "snomed",
        }
    )
    tables = {**small_world.tables, "gp_events": pd.concat([events, more], ignore_index=True)}
    made = clock(tables, tmp_path, as_of=AS_OF + timedelta(days=1), previous=tmp_path / "last")
    yield made, one_open, day
    made.engine.close()


def test_duties_done_in_the_record_close_within_a_night(closed_night: tuple[Clock, str, date]) -> None:
    after, person, day = closed_night
    for duty in ("review", "bundle", "inhaler_check"):
        found = after.duty(person, duty)
        assert (found["state"], pd.Timestamp(str(found["closed_on"])).date()) == ("done", day)
    assert after.duty(person, "rehabilitation")["state"] in ("due", "overdue")


def test_the_delay_from_event_to_list_is_measured_for_new_events_only(
    night: Clock, closed_night: tuple[Clock, str, date]
) -> None:
    assert night.found.delays is None
    after, *_ = closed_night
    assert after.found.delays is not None
    first = after.found.history.set_index(["patient_id", "event", "event_date"])["first_on"]
    old = night.found.history.set_index(["patient_id", "event", "event_date"])["first_on"]
    both = first.index.intersection(old.index)
    assert len(both) > 10
    assert (first[both] == pd.Timestamp(AS_OF)).all()
    new = first[~first.index.isin(old.index)]
    assert sum(map(len, after.found.delays.values())) == len(new)


def test_a_policy_may_start_no_clock_at_all(night: Clock) -> None:
    quiet = POLICY.model_copy(update={"events": ()})
    found = worklist(
        night.engine, night.patients, policy=quiet, as_of=AS_OF, facts=night.facts.unobservable, previous=None
    )
    assert found.lines.empty
    assert found.record()["worklist"]["lines"] == {}  # type: ignore[index]


def test_without_hospital_records_discharges_are_not_observable(small_world: World, tmp_path: Path) -> None:
    tables = {name: table for name, table in small_world.tables.items() if name != "hospital_episodes"}
    made = clock(tables, tmp_path, absent=("community_contacts", "app_activity"))
    made.engine.close()
    told = made.found.record()["worklist"]
    assert told["lines"]["discharge"] == "not observable"  # type: ignore[index]
    assert "discharge" in made.found.unobservable
