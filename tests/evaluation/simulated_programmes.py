"""Programmes that never were, on simulated people: nobody is helped, or everybody by as much as is planted.

    python tests/evaluation/simulated_programmes.py        # 200 without effect, 200 with 30 %

Each has practices of synthetic people, ranks them by last year, gives the first places at the start and no
more for a year (or the next in line a month later), and counts the year that follows. The clinic takes a share
of the exacerbations away from the month of the place on.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import ttest_rel

from copd_strat.evaluation.discontinuity import MONTHS, cohort, design_of, effect_of
from copd_strat.synthetic.care_system import found_practices
from copd_strat.synthetic.people import populate
from copd_strat.synthetic.settings import SyntheticSettings
from copd_strat.synthetic.simulated_exacerbations import yearly_rate

PRACTICES, REGISTER, PLACES, BANDWIDTH = 60, 9000, 12, 12
OUTCOME, ASKED = "any_exacerbations", 0.3


def people_of(
    seed: int, practices: int = PRACTICES, register: int = REGISTER
) -> tuple[np.ndarray, np.ndarray]:
    """Yearly rates and practices of the people on a simulated register."""
    settings = SyntheticSettings(seed=seed, practices=practices, register=register, others=1)
    rng = np.random.default_rng([seed, 1])
    people = populate(settings, found_practices(practices, rng), rng)
    here = people.on_register(settings.end_day)
    return yearly_rate(people)[here], people.practice[here]


@dataclass(frozen=True)
class Programme:
    """``people``: as the product sees them; ``before`` and ``after``: counts of those who got a place."""

    people: pd.DataFrame
    before: np.ndarray
    after: np.ndarray


def programme(
    rates: np.ndarray,
    practice: np.ndarray,
    rng: np.random.Generator,
    *,
    effect: float,
    refilled: bool = False,
) -> Programme:
    before = rng.poisson(rates)
    score = before + rng.normal(0, 0.7, len(rates))  # a risk is more than a count
    frame = pd.DataFrame({"patient_id": np.arange(len(rates)).astype(str), "practice_id": practice})
    frame["expected"] = np.maximum(score, 0.0) * 0.5 + 0.4
    frame["rank"] = pd.Series(-score).groupby(practice).rank(method="first").astype(int)
    frame["month"] = pd.Timestamp("2025-01-01")
    listed = frame["rank"] <= 4 * PLACES
    frame["place"] = np.where(frame["rank"] <= PLACES, "clinic", np.where(listed, "reserve", None))
    later = frame.copy()
    later["month"] = pd.Timestamp("2025-02-01")
    second = (frame["rank"] > PLACES) & (frame["rank"] <= 2 * PLACES)
    later["place"] = np.where(second & refilled, "clinic", None)
    months = np.where(frame["place"] == "clinic", MONTHS, np.where(later["place"] == "clinic", MONTHS - 1, 0))
    after = rng.poisson(rates * (1 - effect * months / MONTHS))
    people = cohort(frame, later, BANDWIDTH)
    people[OUTCOME] = after[people["patient_id"].astype(int)]
    chosen = (frame["place"] == "clinic").to_numpy()
    return Programme(people=people, before=before[chosen], after=after[chosen])


@dataclass
class Tally:
    """Of so many programmes: how many report an effect, and by what the product said beforehand."""

    programmes: int = 0
    effects: int = 0
    falls: int = 0
    stated_power: float = 0.0
    held: int = 0


def run(count: int, *, effect: float, worlds: int = 4, refilled: bool = False) -> Tally:
    """``count`` programmes on a few registers."""
    registers = [people_of(seed) for seed in range(worlds)]
    tally = Tally(programmes=count)
    for number in range(count):
        rates, practice = registers[number % worlds]
        made = programme(
            rates, practice, np.random.default_rng([number, 7]), effect=effect, refilled=refilled
        )
        found = effect_of(made.people, OUTCOME)
        tally.effects += found.outcome.differs
        tally.held += found.fall_lower < effect < found.fall_upper
        tally.falls += (
            ttest_rel(made.before, made.after).pvalue < 0.05 and made.after.mean() < made.before.mean()
        )
        tally.stated_power += design_of(made.people, OUTCOME, ASKED).power_of_asked / count
    return tally


def main() -> int:
    null, planted = run(200, effect=0.0), run(200, effect=ASKED)
    print(f"no effect: {null.effects} of {null.programmes} report one (at most 17)")
    print(f"no effect: before and after reports a fall in {null.falls} of {null.programmes}")
    print(f"30 % planted: {planted.effects} of 200 find it, stated power {planted.stated_power:.2f}")
    print(f"30 % planted: the interval holds it in {planted.held} of 200")
    spread = 3 * np.sqrt(planted.stated_power * (1 - planted.stated_power) / 200)
    kept = (
        null.effects <= 17
        and null.falls >= 190
        and abs(planted.effects / 200 - planted.stated_power) <= spread
    )
    print("as promised" if kept else "NOT as promised")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
