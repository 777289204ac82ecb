"""Simulated programmes: an effect that is not there is seldom reported, and one that is there is found."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from clinical_world import World
from simulated_programmes import ASKED, OUTCOME, Programme, people_of, programme, run

from copd_strat.config import ProgrammeSettings
from copd_strat.errors import InputError
from copd_strat.evaluation import discontinuity
from copd_strat.evaluation.clinic_effect import Evaluation, WithoutClinic, evaluate
from copd_strat.evaluation.discontinuity import cohort, design_of, effect_of
from copd_strat.evaluation.programme_words import beforehand, conclusion

# A few of the programmes of `make programmes`, which runs 200 of each.
FEW = 24


def test_few_programmes_without_effect_report_one() -> None:
    """At a nominal 5 %, more than 5 of 24 come once in 700 times; before and after is fooled by all."""
    null = run(FEW, effect=0.0, worlds=2)
    assert null.effects <= 5
    assert null.falls == FEW


def test_without_the_expected_rate_the_proof_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines in rank alone take the bend at the head of a list for an effect."""
    monkeypatch.setattr(discontinuity, "_expected", lambda _: ())
    assert run(FEW, effect=0.0, worlds=2).effects > 5


def test_a_planted_effect_is_found_at_the_stated_power() -> None:
    planted = run(FEW, effect=ASKED, worlds=2)
    spread = 3 * np.sqrt(planted.stated_power * (1 - planted.stated_power) / FEW)
    assert 0.5 < planted.stated_power < 0.95
    assert abs(planted.effects / FEW - planted.stated_power) < spread
    assert planted.held >= 18  # nominal 95 %: fewer come once in 1,000 times


@pytest.fixture(scope="module")
def small() -> Programme:
    """12 practices only."""
    rates, practice = people_of(3, practices=12, register=1500)
    return programme(rates, practice, np.random.default_rng(1), effect=ASKED)


@pytest.fixture(scope="module")
def refilled() -> Programme:
    """The next in line get their places a month later."""
    rates, practice = people_of(3)
    return programme(rates, practice, np.random.default_rng(1), effect=ASKED, refilled=True)


def test_crossovers_are_counted_and_a_month_s_delay_tells_nothing(refilled: Programme) -> None:
    design = design_of(refilled.people, OUTCOME, ASKED)
    assert design.crossed == design.people - design.with_place
    assert design.delay.value == pytest.approx(1.0)
    assert design.smallest_effect > 1
    assert not design.enough_for(ASKED)


def test_too_few_people_conclude_nothing(small: Programme) -> None:
    design = design_of(small.people, OUTCOME, ASKED)
    assert not design.enough_for(ASKED)
    assert design.enough_for(0.99)


def evaluation(made: Programme, *, asked: float, concludes: bool) -> Evaluation:
    question = ProgrammeSettings(starts_on=date(2025, 1, 1), smallest_effect=asked)
    return Evaluation(
        asked=question,
        asked_then=question.question,
        month=date(2025, 1, 1),
        start=date(2025, 1, 5),
        until=date(2026, 1, 5),
        unscored=3,
        design=design_of(made.people, OUTCOME, asked),
        without_clinic=WithoutClinic(index="2023-10-31", before=3.0, after=1.5),
        effect=effect_of(made.people, OUTCOME) if concludes else None,
        balance={},
    )


def test_power_and_the_fall_without_a_clinic_are_told_first(small: Programme) -> None:
    first = " ".join(beforehand(evaluation(small, asked=0.3, concludes=False)))
    assert "fell by 50 % (from 3.00 to 1.50" in first
    assert "Smallest fall that would be found in 4 of 5" in first
    assert "No conclusion" in " ".join(conclusion(evaluation(small, asked=0.3, concludes=False)))
    assert "A year of clinic without delay" in " ".join(
        conclusion(evaluation(small, asked=0.99, concludes=True))
    )


ASKED_THEN = ProgrammeSettings(starts_on=date(2025, 1, 1), smallest_effect=0.99)


def snapshots(months: int = 1) -> pd.DataFrame:
    """Ten practices of 20 people in order; the first 8 get a place, number 9 one a month later."""
    rows = [
        {
            "month": pd.Timestamp(2025, month, 1),
            "run_date": pd.Timestamp(2025, month, 5),
            "practice_id": f"A8{practice:04d}",
            "patient_id": f"p{practice}_{rank}",
            "rank": rank,
            "place": "clinic" if (rank <= 8) == (month == 1) and (month == 1 or rank == 9) else "reserve",
            "risk_any_12m": None if rank == 20 else 0.9 - rank / 40,
            "asked": ASKED_THEN.question,
        }
        for month in range(1, months + 1)
        for practice in range(10)
        for rank in range(1, 21)
    ]
    return pd.DataFrame(rows)


def test_the_last_place_is_the_border_and_later_places_are_delays() -> None:
    table = snapshots(2).assign(expected=lambda frame: frame["risk_any_12m"].astype(float))
    first, later = (table[table["month"].dt.month == month] for month in (1, 2))
    people = cohort(first, later, 5).set_index("rank")
    assert set(people.index) == {4, 5, 6, 7, 8, 9, 10, 11, 12, 13}
    assert set(people.loc[8, "distance"]) == {-0.5}
    assert set(people.loc[9, "distance"]) == {0.5}
    assert set(people.loc[9, "delay"]) == {1.0}
    assert set(people.loc[10, "delay"]) == {12.0}
    assert set(people.loc[8, "delay"]) == {0.0}


def judged(world: World, asked: ProgrammeSettings, complete_to: date, tmp_path: Path) -> Evaluation:
    assert asked.starts_on is not None
    return evaluate(
        world.engine,
        snapshots(2),
        asked,
        starts_on=asked.starts_on,
        complete_to=complete_to,
        backtests=tmp_path,
        policy="p 1.0",
    )


def test_the_year_after_comes_from_the_records(world: World, tmp_path: Path) -> None:
    for practice in range(10):
        for rank in range(1, 21):
            world.patient(f"p{practice}_{rank}", practice_id=f"A8{practice:04d}")
            if rank > 8 or practice < 8:
                world.course(f"p{practice}_{rank}", "2025-06-01")
    world.build(index="2026-02-28", as_of="2026-03-10")
    asked = ASKED_THEN
    found = judged(world, asked, date(2026, 2, 28), tmp_path)
    assert (found.start, found.until, found.unscored) == (date(2025, 1, 5), date(2026, 1, 5), 10)
    assert found.design.people == 10 * 19
    assert found.design.crossed == 10
    assert found.without_clinic is None
    # an effect of nearly the whole is all that so few could show
    assert found.effect is not None
    for changed in ({"bandwidth": 11}, {"smallest_effect": 0.98}, {"starts_on": date(2024, 12, 1)}):
        other = judged(world, asked.model_copy(update=changed), date(2026, 2, 28), tmp_path)
        assert other.effect is None
        assert other.balance == {}
        assert "can be chosen by its answer" in " ".join(conclusion(other))
        assert "not what stood then" in " ".join(beforehand(other))
    with pytest.raises(InputError, match="is not over"):
        judged(world, asked, date(2025, 12, 31), tmp_path)
    with pytest.raises(InputError, match="no run of that month"):
        judged(world, ProgrammeSettings(starts_on=date(2025, 6, 1)), date(2026, 2, 28), tmp_path)
