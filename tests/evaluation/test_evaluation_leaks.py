"""Nothing that came after the index, or was entered after it, reaches a feature."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd
import pytest
from clinical_world import World

from copd_strat import codelists
from copd_strat.config import ClinicalSettings
from copd_strat.errors import RequestError
from copd_strat.evaluation import backtest, followed, known_then
from copd_strat.evaluation.candidates import ANY, SEVERE

INDEX = date(2024, 12, 31)


def ann(world: World) -> None:
    """A woman seen at the practice, with one exacerbation and one admission before the index."""
    world.patient("ann", registration_start="2010-01-01")
    world.gp("ann", "2024-11-01", "other")
    world.gp("ann", "2024-06-01", "mrc_3", recorded_date="2024-06-01")
    world.course("ann", "2024-05-01")
    world.episode("ann", "2024-03-01", "2024-03-05", "J441")


def later(world: World) -> None:
    """Everything that the index could not know: future facts, and facts of the past entered later."""
    world.gp("ann", "2025-02-01", "mrc_5")
    world.gp("ann", "2024-12-01", "mrc_5", recorded_date="2025-01-15")
    world.gp("ann", "2025-01-20", "palliative")
    world.course("ann", "2025-01-10")
    world.episode("ann", "2024-08-01", "2024-08-04", "J441", recorded_date="2025-02-01")
    world.attendance("ann", "2025-01-02", "J441")
    world.death("ann", "2025-11-30")
    world.flag("ann", "gp_nominated", "2025-01-01")


def features(world: World) -> dict[str, Any]:
    world._load()
    for name, columns in {
        "organisations": "practice_id VARCHAR, pcn VARCHAR, sub_icb VARCHAR, icb VARCHAR, "
        "valid_from DATE, valid_to DATE",
        "decisions": "patient_ref VARCHAR, decided_on DATE",
    }.items():
        world.engine.execute(f"CREATE OR REPLACE TABLE {name} ({columns})")
    codelists.load(world.engine)
    table = backtest.features_then(world.engine, ClinicalSettings(), INDEX)
    return table.set_index("patient_id").loc["ann"].to_dict()


def differing(before: dict[str, Any], after: dict[str, Any]) -> set[str]:
    return {name for name in before if str(before[name]) != str(after[name])}


# What the planted facts change where nothing keeps them out.
LEAKS = {"mrc", "palliative", "severe_exacerbations_12m", "gp_nominated"}


def test_what_was_not_known_changes_no_feature(world: World) -> None:
    ann(world)
    without = features(world)
    later(world)
    assert differing(without, features(world)) == set()
    assert without["mrc"] == 3
    assert without["severe_exacerbations_12m"] == 1


def test_a_stay_under_way_is_known_and_its_end_is_not(world: World) -> None:
    ann(world)
    world.episode("ann", "2024-12-20", "2025-01-05", "J441")
    found = features(world)
    assert found["currently_admitted"]
    assert found["severe_exacerbations_12m"] == 1


def test_the_whole_extract_is_back_afterwards(world: World) -> None:
    ann(world)
    later(world)
    features(world)
    assert world.engine.scalar("SELECT count(*) FROM deaths") == 1
    assert not world.engine.has_table("whole_deaths")


def uncut(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """The product without its cut of these relations."""
    cut = known_then.packaged_sql

    def whole(package: str, name: str) -> str:
        relation = name.removeprefix("known_")
        return f"SELECT * FROM whole_{relation}" if relation in names else cut(package, name)

    monkeypatch.setattr(known_then, "packaged_sql", whole)


@pytest.mark.parametrize(
    "relation", ["gp_events", "prescriptions", "hospital_episodes", "ed_attendances", "deaths", "local_flags"]
)
def test_a_relation_that_is_not_cut_stops_the_back_test(
    world: World, monkeypatch: pytest.MonkeyPatch, relation: str
) -> None:
    ann(world)
    later(world)
    uncut(monkeypatch, relation)
    with pytest.raises(RuntimeError, match=f"{relation}: a date after"):
        features(world)


def test_without_both_guards_the_leak_is_seen(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first test can fail: late entries come through once the cut and the second look are gone."""
    ann(world)
    without = features(world)
    later(world)
    uncut(monkeypatch, "gp_events", "hospital_episodes", "local_flags", "prescriptions")
    monkeypatch.setattr(known_then, "require_nothing_later", lambda *_: None)
    assert {"mrc", "severe_exacerbations_12m"} <= differing(without, features(world))


def followed_up(world: World) -> followed.NextYear:
    world.build(index="2026-02-28", as_of="2026-03-10")
    followed.keep_observed(world.engine)
    people = pd.DataFrame({"patient_id": sorted({row["patient_id"] for row in world.rows["patients"]})})
    return followed.next_year(world.engine, people, INDEX)


def test_each_end_of_the_follow_up(world: World) -> None:
    """event before death; death within a month of leaving is a death; who leaves is lost; a year is a year."""
    for name in ("dead", "event", "event_then_dead", "left", "stayed"):
        world.patient(name, registration_end="2025-06-30" if name == "left" else None)
    world.patient("left_dying", registration_end="2025-06-20")
    world.episode("event", "2025-12-31", "2026-01-03", "J441")
    world.course("event_then_dead", "2025-02-01")
    world.death("event_then_dead", "2025-03-01")
    world.death("dead", "2025-04-01")
    world.death("left_dying", "2025-06-30")
    world.course("stayed", "2024-12-31")
    world.course("stayed", "2026-01-01")
    found = followed_up(world)
    people = ["dead", "event", "event_then_dead", "left", "left_dying", "stayed"]
    ended = dict(zip(people, found.of[ANY].ended_by, strict=True))
    assert ended == {
        "dead": "death", "event": "event", "event_then_dead": "event", "left": "left",
        "left_dying": "death", "stayed": "horizon",
    }  # fmt: skip
    assert dict(zip(people, found.of[SEVERE].ended_by, strict=True))["event_then_dead"] == "death"
    assert found.of[ANY].days.tolist() == [91, 365, 32, 181, 181, 365]
    assert found.of[ANY].weight.sum() == pytest.approx(6)
    assert found.of[ANY].weight[3] == 0


def test_an_index_whose_year_is_not_over_is_refused() -> None:
    followed.require_observed_year(date(2025, 2, 28), date(2026, 2, 28))
    with pytest.raises(RequestError, match="cannot be seen yet") as caught:
        followed.require_observed_year(date(2025, 3, 1), date(2026, 2, 28))
    assert "2025-02-28 or earlier" in str(caught.value.fix)
