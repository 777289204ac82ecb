"""What the clinic did: those who just got a place against those who just did not.

People are chosen because they had a bad year, and the next is better without any clinic, so before and after
say nothing. Around the last place two people differ by little but the place (regression discontinuity; Hahn
2001, Econometrica 69:201). Those next in line get later places, so that the difference is one of months of
delay (a fuzzy design): the jump in the outcome is read against the jump in months.

What is looked for is fixed in the configuration before anybody looks. First it is told how small an effect
could be found at all; where that is more than the configuration asks, nothing is concluded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import norm, t

from copd_strat.risk.parameters import Floats

POWER = 0.8
MONTHS = 12
# Fewer practices, and the spread between them cannot be told (Cameron 2008, Rev Econ Stat 90:414).
FEWEST_PRACTICES, FEWEST_A_SIDE = 10, 50
BALANCING = ("emergency_admissions", "ed_attendances", "bed_days", "deaths")


@dataclass(frozen=True, kw_only=True)
class Jump:
    """The jump at the last place: from just below it (place) to just above (next in line)."""

    value: float
    error: float
    practices: int

    @property
    def interval(self) -> tuple[float, float]:
        half = float(t.ppf(0.975, self.practices - 1)) * self.error
        return self.value - half, self.value + half

    @property
    def differs(self) -> bool:
        """Whether the 95 % interval leaves out 0."""
        lower, upper = self.interval
        return lower > 0 or upper < 0


@dataclass(frozen=True, kw_only=True)
class Design:
    """What can be said before the groups are compared.

    ``smallest_effect``: the relative fall in a year of clinic, no delay, that would be found in 4 of 5 such
    programmes. ``crossed``: people next in line who got a place later. ``delay``: months by which they waited
    longer.
    """

    people: int
    with_place: int
    practices: int
    crossed: int
    delay: Jump
    usual: float
    smallest_effect: float
    power_of_asked: float

    def enough_for(self, asked: float) -> bool:
        """Whether an effect of the size that was asked for would be found at all."""
        sides = min(self.with_place, self.people - self.with_place)
        enough = self.practices >= FEWEST_PRACTICES and sides >= FEWEST_A_SIDE
        return enough and self.delay.value > 0 and self.smallest_effect <= asked


@dataclass(frozen=True, kw_only=True)
class Effect:
    """The outcome's jump, and what it says of a year without delay, as a relative fall (positive is better).

    ``a_month``: events that a month's delay costs a person.
    """

    outcome: Jump
    a_month: float
    fall: float
    fall_lower: float
    fall_upper: float


def cohort(baseline: pd.DataFrame, later: pd.DataFrame, bandwidth: int) -> pd.DataFrame:
    """Those within ``bandwidth`` of the last place in the first month.

    baseline: that month's snapshot with ``expected``, the yearly rate that the model foretold; later: those of
    the following months. Adds ``distance`` (-0.5 got the last
    place, 0.5 was next in line) and ``delay``, the months until a place, at most ``MONTHS``.
    """
    waiting = baseline[baseline["place"].isin(["clinic", "reserve"])].copy()
    waiting["got"] = waiting["place"] == "clinic"
    order = waiting.sort_values(["practice_id", "got", "rank"], ascending=[True, False, True])
    position = order.groupby("practice_id").cumcount() + 1
    given = order.groupby("practice_id")["got"].transform("sum")
    order["distance"] = (position - given - 0.5).astype(float)
    first = later[later["place"] == "clinic"].groupby("patient_id")["month"].min()
    months = pd.Series(pd.to_datetime(first.reindex(order["patient_id"])).to_numpy(), index=order.index)
    waited = (months.dt.year - order["month"].dt.year) * 12 + months.dt.month - order["month"].dt.month
    order["delay"] = np.where(order["got"], 0.0, waited.astype("Float64").fillna(MONTHS).clip(upper=MONTHS))
    near = order["distance"].abs() < bandwidth
    # whom the model could not score has no expectation to be held against; the others keep their positions
    return order[near & order["expected"].notna()].reset_index(drop=True)


def design_of(people: pd.DataFrame, outcome: str, asked: float) -> Design:
    """What could be found, from everything but which side had the better outcome.

    people: ``cohort`` with the column ``outcome``. The spread of the outcome is taken without looking at the
    places (blinded).
    """
    values = people[outcome].to_numpy(dtype=float)
    delay = jump(people, people["delay"].to_numpy(dtype=float))
    error = _blinded_error(people, values)
    usual = float(values.mean())
    share_of_year = max(delay.value, 0.0) / MONTHS
    unit = usual * share_of_year
    needed = float(norm.ppf(0.975) + norm.ppf(POWER))
    got = people["got"].to_numpy(dtype=bool)
    return Design(
        people=len(people),
        with_place=int(got.sum()),
        practices=people["practice_id"].nunique(),
        crossed=int((~got & (people["delay"] < MONTHS)).sum()),
        delay=delay,
        usual=usual,
        smallest_effect=needed * error / unit if unit > 0 else float("inf"),
        power_of_asked=float(norm.cdf(asked * unit / error - norm.ppf(0.975))) if error > 0 else 0.0,
    )


def effect_of(people: pd.DataFrame, outcome: str) -> Effect:
    """The comparison itself; only after ``design_of`` has said that it can tell something."""
    values, delay = people[outcome].to_numpy(dtype=float), people["delay"].to_numpy(dtype=float)
    found, waited = jump(people, values), jump(people, delay)
    a_month = found.value / waited.value
    # two-stage least squares: the error of the outcome less what the delay explains
    error = jump(people, values - a_month * delay).error / abs(waited.value)
    untreated = float(values.mean() + a_month * (MONTHS - delay.mean()))
    half = float(t.ppf(0.975, found.practices - 1)) * error
    lower, upper = ((a_month + side * half) * MONTHS / untreated for side in (-1, 1))
    return Effect(
        outcome=found,
        a_month=a_month,
        fall=a_month * MONTHS / untreated,
        fall_lower=lower,
        fall_upper=upper,
    )


def balancing(people: pd.DataFrame) -> Mapping[str, Jump]:
    """The same comparison of measures that must not get worse; told, and no basis for a conclusion."""
    return {name: jump(people, people[name].to_numpy(dtype=float)) for name in BALANCING}


def jump(people: pd.DataFrame, values: Floats) -> Jump:
    """How much higher ``values`` are just above the last place than just below, by a line on each side.

    The error allows for people of one practice being alike (cluster-robust, with the usual small-sample
    factor).
    """
    design = _lines(people)
    bread = np.linalg.inv(design.T @ design)
    residual = values - design @ (bread @ (design.T @ values))
    practice = pd.factorize(people["practice_id"])[0]
    sums = np.zeros((practice.max() + 1, design.shape[1]))
    np.add.at(sums, practice, design * residual[:, None])
    groups, n, k = len(sums), *design.shape
    factor = groups / (groups - 1) * (n - 1) / (n - k)
    covariance = factor * bread @ (sums.T @ sums) @ bread
    value = (bread @ (design.T @ values))[1]
    return Jump(value=float(value), error=float(np.sqrt(covariance[1, 1])), practices=groups)


def _lines(people: pd.DataFrame) -> npt.NDArray[np.float64]:
    """Level, jump, slope below, slope above, and what the model expected of each person.

    Expected events fall steeply at the head of a list and slowly further down; lines in rank alone take that
    bend for an effect (in 60 of 200 simulated programmes without one). So the expected rate goes in as well.
    """
    distance = people["distance"].to_numpy(dtype=float)
    above = (distance > 0).astype(float)
    columns = [np.ones(len(distance)), above, distance * (1 - above), distance * above, *_expected(people)]
    return np.column_stack(columns)


def _expected(people: pd.DataFrame) -> tuple[Floats, Floats]:
    """The expected yearly rate and its square, about their mean."""
    rate = people["expected"].to_numpy(dtype=float)
    centred = rate - rate.mean()
    return centred, centred**2 - np.mean(centred**2)


def _blinded_error(people: pd.DataFrame, values: Floats) -> float:
    """The jump's error, from the outcome's spread about one line for all."""
    design = _lines(people)
    blind = np.delete(design, 1, axis=1)
    residual = values - blind @ np.linalg.lstsq(blind, values, rcond=None)[0]
    variance = float(residual @ residual) / (len(values) - blind.shape[1])
    return float(np.sqrt(variance * np.linalg.inv(design.T @ design)[1, 1]))
