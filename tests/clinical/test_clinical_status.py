"""Who is alive and registered where: deaths, contradictions, renamed trusts and practices."""

from __future__ import annotations

import itertools

import pandas as pd
import pytest
from clinical_world import World

from copd_strat.quality.clinical_sections import fact_findings

SOURCES = ("register", "registration", "code", "hospital", "emergency")
NAMES = {
    "register": "register of deaths",
    "registration": "GP registration",
    "code": "GP code",
    "hospital": "hospital",
    "emergency": "emergency department",
}


def tell_death(world: World, name: str, source: str, on: str) -> None:
    if source == "register":
        world.death(name, on)
    elif source == "code":
        world.gp(name, on, "397709008")
    elif source == "hospital":
        world.episode(name, on, on, "S720", discharge_method="4", discharge_destination="79")
    elif source == "emergency":
        world.attendance(name, on, "195951007", discharge_destination="305398007")


@pytest.mark.parametrize("number", [1, 2, 5])
def test_a_death_that_any_source_knows_is_known_and_the_earliest_day_counts(
    world: World, number: int
) -> None:
    """docs/decisions.md §39: every choice of sources; the first of them tells the earliest day."""
    days = ("2025-10-01", "2025-10-08", "2025-10-15", "2025-10-22", "2025-10-29")
    choices = list(itertools.permutations(SOURCES, number))
    for which, sources in enumerate(choices):
        name = f"p{which:03d}"
        registration = days[sources.index("registration")] if "registration" in sources else None
        world.patient(name, death_date=registration)
        for source, on in zip(sources, days, strict=False):
            tell_death(world, name, source, on)
    facts = world.build()
    assert facts.register_size == 0
    assert facts.attrition[5].excluded == len(choices)
    assert world.engine.scalar(
        "SELECT count(*) FROM known_deaths WHERE death_date = DATE '2025-10-01'"
    ) == len(choices)
    told = {death.source: (death.people, death.alone) for death in facts.deaths}
    each = sum("register" in sources for sources in choices)
    assert told == dict.fromkeys(NAMES.values(), (each, each if number == 1 else 0))


def test_a_death_told_of_after_the_run_date_is_not_known(world: World) -> None:
    for source in SOURCES:
        world.patient(source, death_date="2026-01-10" if source == "registration" else None)
        tell_death(world, source, source, "2026-01-10")
    assert world.build().register_size == len(SOURCES)


def test_one_person_with_an_impossible_year_stops_nobody(world: World) -> None:
    """docs/decisions.md §37: every impossible year and month is set aside and counted."""
    for year in (None, 0, 1, 190, 1849, 1900, 2030, 19590, -5):
        world.patient(f"year {year}", birth_year=year)
    for month in (0, 13, 99, -1):
        world.patient(f"month {month}", birth_month=month)
    facts = world.build()
    step = next(step for step in facts.attrition if step.step == "year of birth known and possible")
    assert (step.excluded, facts.register_size) == (9, 4)
    world.engine.materialise("clinical", "departures")
    assert world.engine.rows("SELECT DISTINCT reason FROM departures") == [
        ("year of birth not known or impossible",)
    ]


def test_conflicts_are_counted_by_kind_and_stand_beside_their_practice(world: World) -> None:
    world.patient("dead", practice_id="A81001")
    world.death("dead", "2024-03-03")
    world.patient("twice", practice_id="A81001")
    world.patient("twice", practice_id="B82002", registration_start="2020-01-01", diagnosed=None)
    world.patient("once")
    facts = world.build()
    assert dict(facts.conflicts) == {"records after death": 1, "two open registrations": 1}
    rows = world.engine.rows("SELECT patient_id, practice_id, kind FROM status_conflicts ORDER BY ALL")
    assert rows == [
        ("dead", "A81001", "records after death"),
        ("twice", "A81001", "two open registrations"),
        ("twice", "B82002", "two open registrations"),
    ]


def test_two_rows_of_one_practice_are_no_conflict(world: World) -> None:
    world.patient("p", registration_start="2010-01-01")
    world.patient("p", registration_start="2012-01-01", diagnosed=None)
    assert not world.build().conflicts


@pytest.mark.parametrize("code", ["13645005", "43396009"])
def test_people_without_standing_copd_are_no_conflict(world: World, code: str) -> None:
    world.patient("p", diagnosed=None)
    world.gp("p", "2025-12-30", "other")
    world.death("p", "2024-03-03")
    if code == "13645005":
        world.gp("p", "2015-01-01", "copd_dx")
        world.gp("p", "2020-01-01", "copd_resolved")
    assert not world.build().conflicts


def _organisations(world: World, **rows: tuple[str | None, str | None]) -> None:
    world.engine.register_frame(
        "organisations",
        pd.DataFrame(
            [
                (practice, pd.Timestamp(closed) if closed else pd.NaT, successor)
                for practice, (closed, successor) in rows.items()
            ],
            columns=["practice_id", "valid_to", "successor_id"],
        ).astype({"successor_id": "string"}),
    )


def test_a_closed_practice_is_a_conflict_unless_it_names_its_successor(world: World) -> None:
    """docs/decisions.md §60."""
    for name, practice in (("orphan", "A81001"), ("taken_over", "B82002"), ("open", "C83003")):
        world.patient(name, practice_id=practice)
    _organisations(
        world, A81001=("2025-03-31", None), B82002=("2025-03-31", "C83003"), C83003=("2026-03-31", None)
    )
    facts = world.build()
    assert dict(facts.conflicts) == {"practice closed": 1}
    (closed,) = facts.closed_practices
    assert closed.people == 1
    told = [found.sentence for found in fact_findings(facts) if found.subject == closed.practice_id]
    assert told == [
        f"1 people with COPD are registered with {closed.practice_id}, which closed on {closed.closed_on}:"
        " nobody may open their lists"
    ]
    assert dict(world.features("practice_id").to_numpy().tolist()) == {
        "open": "C83003", "orphan": "A81001", "taken_over": "C83003",
    }  # fmt: skip


def test_a_renamed_trust_is_the_trust_it_became(world: World) -> None:
    """docs/decisions.md §60: successors of successors, sites of both; a circle of names ends."""
    successors = [("RAA", "RBB"), ("RBB", "RCC"), ("RDD", "RDE"), ("RDE", "RDD")]
    world.engine.register_frame(
        "provider_successors", pd.DataFrame(successors, columns=["provider", "successor"])
    )
    world.patient("p")
    for order, provider in enumerate(("RAA01", "RBB", "rcc77"), start=1):
        world.episode(
            "p", f"2025-08-0{order}", f"2025-08-0{order + 1}", "J441",
            admission_date="2025-08-01", discharge_date="2025-08-04", episode_order=order, provider=provider,
        )  # fmt: skip
    world.episode("p", "2025-10-01", "2025-10-03", "J441", provider="RDD")
    world.build()
    stays = world.engine.rows("SELECT provider, providers, bed_days FROM spells ORDER BY admission_date")
    assert [stay[1:] for stay in stays] == [(1, 3), (1, 2)]
    assert stays[0][0] == "RCC"


def test_whom_the_register_of_deaths_names_and_whose_records_go_on(world: World) -> None:
    for n, died in enumerate(["2024-01-01", "2025-12-20", None]):
        world.patient(f"p{n}")
        if died:
            world.death(f"p{n}", died)
    world.patient("by_gp", death_date="2024-01-01")
    dead = world.build().named_dead
    assert (dead.named, dead.with_later_records) == (2, 1)
