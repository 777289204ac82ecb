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
