"""What must not matter does not: row order, repeated rows, unknown codes, the future, the calendar."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any

import pytest
from clinical_world import DRUGS, INDEX, World, day

from copd_strat.clinical import features
from copd_strat.engine import Engine

PATIENTS = 40
GP_CODES = (
    "aecopd", "lrti", "breathless", "productive_cough", "sputum", "review", "rescue_pack", "asthma",
    "copd_resolved", "copd_dx", "mrc_3", "mmrc_2", "smoker", "never_smoked", "housebound",
)  # fmt: skip


def histories(engine: Engine, seed: int) -> World:
    """Dense random histories of two years with many ties on a day."""
    chance = random.Random(seed)
    world = World(engine)
    for number in range(PATIENTS):
        name = f"p{number:02d}"
        world.patient(name, birth_year=chance.randint(1930, 1985), sex=chance.choice(("male", "female")))
        for _ in range(25):
            world.gp(name, _some_day(chance), chance.choice(GP_CODES))
            world.issue(name, _some_day(chance), chance.choice(tuple(DRUGS)), chance.choice((28, 30, None)))
        for _ in range(8):
            what = chance.choice(("fev1", "fev1_pct", "height", "bmi", "spo2", "cat"))
            value = {"fev1": 1.4, "height": 170.0, "fev1_pct": 55.0}.get(what, 25.0)
            world.gp(name, _some_day(chance), what, value + chance.choice((0.0, 1.0)))
        for _ in range(4):
            _add_stay(world, name, chance)
        world.attendance(name, _some_day(chance), chance.choice(("195951007", "22298006")))
    return world


def _some_day(chance: random.Random) -> date:
    return date(2024, 1, 10) + timedelta(days=7 * chance.randint(0, 100))


def _add_stay(world: World, name: str, chance: random.Random) -> None:
    start = _some_day(chance)
    end = start + timedelta(days=chance.randint(0, 6))
    world.episode(
        name, start, end, chance.choice(("J440", "J449", "I10X", "J22X")),
        provider=chance.choice(("RXX", "RYY")),
        admission_method=chance.choice(("21", "11", "81")),
        discharge_destination=chance.choice(("19", "51")),
    )  # fmt: skip


def facts(world: World) -> list[tuple[Any, ...]]:
    world.build()
    tables = ("features", "exacerbations", "spells", "latest_measurements", "maintenance")
    return [
        row for name in tables for row in world.engine.rows(f"SELECT DISTINCT * FROM {name} ORDER BY ALL")
    ]


@pytest.fixture
def world(engine: Engine) -> World:
    return histories(engine, seed=1)


def test_the_order_of_rows_does_not_matter(world: World) -> None:
    before = facts(world)
    for rows in world.rows.values():
        random.Random(9).shuffle(rows)
    assert facts(world) == before


def test_rows_sent_twice_do_not_matter(world: World) -> None:
    before = facts(world)
    for rows in world.rows.values():
        rows.extend(list(rows))
    assert facts(world) == before


@pytest.mark.parametrize("seed", range(4))
def test_repeated_rows_never_change_a_fact(engine: Engine, seed: int) -> None:
    """docs/decisions.md §41: any rows, any number of times, in any table, in any order."""
    world, chance = histories(engine, seed=100 + seed), random.Random(seed)
    for number in range(PATIENTS):
        _add_measurements_and_packs(world, f"p{number:02d}", chance)
    before, conflicts = facts(world), _conflicts(world)
    for rows in world.rows.values():
        rows.extend([dict(row) for row in rows if chance.random() < 0.3 for _ in range(chance.randint(1, 3))])
        chance.shuffle(rows)
    assert facts(world) == before
    assert _conflicts(world) == conflicts


def _conflicts(world: World) -> list[tuple[Any, ...]]:
    return world.engine.rows("SELECT * FROM status_conflicts ORDER BY ALL")


def _add_measurements_and_packs(world: World, name: str, chance: random.Random) -> None:
    """What sums or pairs of rows are made from: readings in units, packs of steroids, deaths, flags."""
    for on in (date(2025, 1, 6) + timedelta(days=7 * week) for week in range(chance.choice((0, 0, 20, 40)))):
        world.issue(name, on, "prednisolone", chance.choice((7, 7, 7, 14)))
    for _ in range(6):
        on = _some_day(chance)
        world.gp(name, on, "weight", chance.choice((80.0, 12.0, 21.0)), unit=chance.choice(("kg", "stone")))
        world.gp(
            name, on, "eosinophils", chance.choice((0.2, 350.0)), unit=chance.choice((None, "K/uL", "%"))
        )
    if chance.random() < 0.2:
        world.death(name, _some_day(chance).isoformat())
    world.flag(name, "gp_nominated", _some_day(chance).isoformat())


@pytest.mark.parametrize("seed", range(5))
def test_irregular_courses_at_least_three_weeks_apart_never_become_long_term(
    engine: Engine, seed: int
) -> None:
    """docs/decisions.md §40: whatever their average and their size, every course stays an exacerbation.

    Irregular: of two gaps that follow each other one is more than 1.5 times as long as the other. Courses ten
    weeks apart or more are courses even if they come by the clock.
    """
    chance, world = random.Random(seed), World(engine)
    told: dict[str, int] = {}
    for number in range(60):
        name, tablets = f"p{number:02d}", chance.choice((30, 40, 42, 56, 60, 84))
        regular_but_rare = chance.random() < 0.3 and tablets < 84
        world.patient(name)
        day, courses, short = date(2025, 1, 2), 0, chance.random() < 0.5
        while day <= date(2025, 12, 31):
            world.issue(name, day, "prednisolone", tablets)
            world.issue(name, day, "amoxicillin", 21)
            courses, short = courses + 1, not short
            near = chance.randint(21, 40)
            gap = near if short else int(1.5 * 40) + 1 + chance.randint(0, 60)
            day += timedelta(days=70 if regular_but_rare else gap)
        told[name] = courses
    world.build()
    names = ("maintenance_steroid", "ocs_courses_12m", "moderate_exacerbations_12m")
    found = world.features(*names).to_numpy().tolist()
    assert found == [[name, False, courses, courses] for name, courses in told.items()]


@pytest.mark.parametrize("packs", [(7, 7), (14, 14), (28, 28), (56, 56), (28, 56), (7, 28)])
@pytest.mark.parametrize("tablets_a_day", [0.5, 1, 2])
def test_a_steady_supply_is_long_term_however_it_is_packed(
    engine: Engine, packs: tuple[int, int], tablets_a_day: float
) -> None:
    """docs/decisions.md §40: 2.5, 5 and 10 mg a day, in packs of a week to eight weeks."""
    world = World(engine)
    world.patient("p")
    day, number = date(2025, 1, 6), 0
    while day <= date(2025, 12, 20):
        days = packs[number % 2]
        world.issue("p", day, "prednisolone", days * tablets_a_day)
        day, number = day + timedelta(days=days), number + 1
    world.gp("p", "2025-06-23", "other")
    world.issue("p", "2025-06-23", "amoxicillin", 21)
    world.build()
    row = world.features("maintenance_steroid", "ocs_courses_12m", "moderate_exacerbations_12m")
    assert row.to_numpy().tolist() == [["p", True, 0, 0]]


@pytest.mark.parametrize("seed", range(3))
def test_nobody_lies_in_two_beds_and_no_night_counts_twice(engine: Engine, seed: int) -> None:
    """docs/decisions.md §38: stays at random, at sites and trusts, nested, touching and overlapping."""
    chance, world = random.Random(seed), World(engine)
    nights: dict[str, set[date]] = {}
    for number in range(80):
        name = f"p{number:02d}"
        world.patient(name)
        nights[name] = set()
        for _ in range(chance.randint(1, 6)):
            start = date(2025, 3, 1) + timedelta(days=chance.randint(0, 40))
            stay = chance.randint(0, 12)
            provider = chance.choice(("RXX", "RXX01", "rxx02", "RYY", "RYY11", "private hospital"))
            world.episode(name, start, start + timedelta(days=stay), "J441", provider=provider)
            nights[name] |= {start + timedelta(days=night) for night in range(stay)}
    world.build()
    counted = dict(world.features("bed_days_12m").to_numpy().tolist())
    assert counted == {name: len(days) for name, days in nights.items()}
    overlaps = (
        "SELECT count(*) FROM spells AS one JOIN spells AS other ON one.patient = other.patient"
        " AND one.spell_number < other.spell_number"
        " AND one.discharge_date > other.admission_date AND other.discharge_date > one.admission_date"
    )
    assert world.engine.scalar(overlaps) == 0


def test_codes_of_other_diseases_do_not_matter(world: World) -> None:
    before = facts(world)
    chance = random.Random(3)
    for number in range(PATIENTS):
        world.gp(f"p{number:02d}", _some_day(chance), "other", 7.0)
        world.issue(f"p{number:02d}", _some_day(chance), "999000000001101", 28)
    assert facts(world) == before


def predictors(world: World) -> list[tuple[Any, ...]]:
    """Everything but what is meant to be known up to the run date."""
    world.build(as_of="2026-01-31")
    names = [feature.name for feature in features() if feature.window != "as known on the run date"]
    rows = world.engine.rows(f"SELECT {', '.join(names)} FROM features ORDER BY ALL")
    return rows + world.engine.rows("SELECT * FROM exacerbations ORDER BY ALL")


def test_nothing_after_the_index_matters_to_predictors(world: World) -> None:
    before = predictors(world)
    for number in range(PATIENTS):
        name = f"p{number:02d}"
        for later in ("2026-01-01", "2026-01-20"):
            for code in ("aecopd", "asthma", "mrc_5", "review", "copd_resolved"):
                world.gp(name, later, code)
            world.course(name, later)
            world.episode(name, later, "2026-01-25", "J441")
            world.attendance(name, later, "195951007")
    assert predictors(world) == before


def test_moving_every_date_by_weeks_moves_the_facts(world: World) -> None:
    """By 53 weeks before and after a leap year the windows keep their length of 365 days."""
    shift = timedelta(days=364)
    world.build()
    before = world.exacerbations("p00"), world.exacerbations("p01")
    for rows in world.rows.values():
        for row in rows:
            for column, value in row.items():
                if column.endswith(("date", "start", "end")) and value is not None:
                    moved = day(value)
                    assert moved is not None
                    row[column] = moved + shift
    world.build(index=(date.fromisoformat(INDEX) + shift).isoformat())
    after = world.exacerbations("p00"), world.exacerbations("p01")
    moved_before = [
        [
            (
                (date.fromisoformat(start) + shift).isoformat(),
                (date.fromisoformat(end) + shift).isoformat(),
                kind,
            )
            for start, end, kind in patient
        ]
        for patient in before
    ]
    assert [list(patient) for patient in after] == moved_before
