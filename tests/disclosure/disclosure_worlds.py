"""Small care systems made to be hard to protect, and all that is published of them in a year and more.

A practice of a few people, a network of one practice, a practice that changes network and a network that
changes sub-ICB location in mid-year; groups that are nearly empty; people who move in and out.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pandas as pd

from copd_strat.summary.count_table import CELL_KEY
from copd_strat.summary.counts import Counted
from copd_strat.summary.cube import COHORTS, DISPOSITIONS, breakdown_types, declared_values
from copd_strat.summary.fact_rows import indicator_rows
from copd_strat.summary.period_figures import Maker, PeriodFigures, Released
from copd_strat.summary.periods import Due, Period, add_months, windows

APRIL = date(2025, 4, 1)
RATES = {
    "moderate_exacerbations": 0.12,
    "severe_exacerbations": 0.03,
    "copd_emergency_admissions": 0.03,
    "bed_days": 0.2,
    "ed_attendances": 0.07,
    "ed_only_exacerbations": 0.02,
    "copd_reviews": 0.08,
}
#: What people have or have not at a quarter's end, and nearly always at the next one too.
COVERED = {"pneumococcal_vaccinated": 0.8, "review_coverage": 0.6, "rehabilitation_completed": 0.03}
#: Places a practice under the policy of these worlds, as anybody may read.
PLACES = 12


@dataclass
class World:
    """``counted``: true counts; ``figures``: what was published of each period."""

    counted: Counted
    months: list[date]
    figures: dict[Due, PeriodFigures] = field(default_factory=dict)
    released: Released = field(default_factory=Released)

    def publish(self, due: Due, first: pd.DataFrame | None = None) -> PeriodFigures:
        maker = Maker(self.counted, self.released, "hes", frozenset(), dict.fromkeys(COHORTS, APRIL))
        figures = maker.figures(due, first)
        rows = indicator_rows(figures.cells, frozenset(), "hes")
        self.released.add(due.period, rows.assign(period_start=due.period.start))
        self.figures[due] = figures
        return figures

    def publish_all(self) -> World:
        for period in [Period("month", month) for month in self.months] + windows(self.months):
            self.publish(Due(period, 0))
        return self

    def cells(self) -> pd.DataFrame:
        """Every published cell with its period."""
        return pd.concat(
            [figures.cells.assign(period=due.period) for due, figures in self.figures.items()],
            ignore_index=True,
        )


def membership(months: list[date], *, moves: bool, boards: bool = False) -> pd.DataFrame:
    """Nine practices in four networks, the last network of one practice; with ``moves`` as told above, with
    ``boards`` each network under a sub-ICB location and a board of its own."""
    places = pd.DataFrame(
        {
            "practice": [f"P{n}" for n in range(9)],
            "pcn": ["N0"] * 3 + ["N1"] * 3 + ["N2"] * 2 + ["N3"],
            "sub_icb": ["S0"] * 6 + ["S1"] * 3,
            "icb": "I",
        }
    )
    frames = []
    for at, month in enumerate(months):
        now = places.copy()
        if moves and at >= 5:
            now.loc[now["practice"] == "P2", "pcn"] = "N1"
        if moves and at >= 7:
            now.loc[now["pcn"] == "N3", "sub_icb"] = "S0"
        if boards:
            now = now.assign(sub_icb="S" + now["pcn"], icb="I" + now["pcn"])
        frames.append(now.assign(month=month))
    return pd.concat(frames, ignore_index=True)


def world(
    seed: int,
    size: int = 900,
    *,
    months: int = 12,
    moves: bool = True,
    churn: float = 0.02,
    boards: bool = False,
    names: Collection[str] = (),
) -> World:
    """People who do not exist, their events month by month, and who of them moved.

    Only ``names`` are counted, where given: quicker, where many months are looked at.
    """
    generator = np.random.default_rng(seed)
    everybody = _people(size, generator)
    calendar = [add_months(APRIL, n) for n in range(months)]
    places = membership(calendar, moves=moves, boards=boards)
    frames = []
    for month in calendar:
        frames.append(_finest(month, everybody, places[places["month"] == month], generator, names))
        leaving = generator.random(len(everybody)) < churn
        everybody = pd.concat([everybody[~leaving], _people(size, generator)[leaving]]).sort_index()
    finest = pd.concat(frames, ignore_index=True).astype(dict.fromkeys(CELL_KEY, "object"))
    return World(Counted(finest, places), calendar)


def _people(size: int, generator: np.random.Generator) -> pd.DataFrame:
    """One row a person; the first practice has about six people, whatever the size."""
    shares = np.array([6 / size, 0.2, 0.14, 0.13, 0.12, 0.11, 0.14, 0.05, 0.11 - 6 / size])
    frame = pd.DataFrame(
        {"practice": generator.choice([f"P{n}" for n in range(9)], size, p=shares / shares.sum())}
    )
    for kind in breakdown_types():
        values = declared_values(kind)
        weights = 0.4 ** np.arange(len(values))
        frame[kind] = generator.choice(values, size, p=weights / weights.sum())
    apart = np.random.default_rng(size)
    for name, share in COVERED.items():
        frame[name] = apart.random(size) < share
    frame["disposition"] = generator.choice(DISPOSITIONS, size, p=[0.25, 0.5, 0.17, 0.08])
    return frame


def _finest(
    month: date,
    everybody: pd.DataFrame,
    places: pd.DataFrame,
    generator: np.random.Generator,
    names: Collection[str],
) -> pd.DataFrame:
    size = len(everybody)
    counts = {name: generator.poisson(rate, size) for name, rate in RATES.items()}
    counts["ed_only_exacerbations"] = np.minimum(counts["ed_only_exacerbations"], counts["ed_attendances"])
    counts["readmissions_90d"] = generator.binomial(counts["copd_emergency_admissions"], 0.4)
    counts["readmissions_30d"] = generator.binomial(counts["readmissions_90d"], 0.5)
    counts |= {people: np.ones(size, dtype=int) for people in COHORTS.values()}
    counts |= {f"disposition_{d}": (everybody["disposition"] == d).to_numpy(int) for d in DISPOSITIONS}
    clinic = counts["disposition_clinic"]
    order = pd.Series(clinic).groupby(everybody["practice"]).cumsum().to_numpy()
    counts["clinic_places"] = clinic * (order <= PLACES)
    counts["clinic_entered"] = clinic * generator.binomial(1, 0.15, size)
    counts |= _of_the_loop(counts, np.random.default_rng(month.toordinal()))
    if month.month % 3 == 0:
        counts |= {name: everybody[name].to_numpy(int) for name in COVERED}
    own = everybody.merge(places[["practice", "pcn"]], on="practice", how="left")
    frames = []
    for name, n in counts.items():
        if names and name not in names:
            continue
        rows = own.assign(n=n, everybody="all")[n > 0]
        wanted = [("practice", "practice", "all", "everybody")]
        wanted += [("pcn", "pcn", kind, kind) for kind in breakdown_types()]
        for level, place, kind, column in wanted:
            sums = rows.groupby([place, column], as_index=False)["n"].sum()
            sums.columns = pd.Index(["org_code", "breakdown_value", "n"])
            frames.append(sums.assign(month=month, indicator_id=name, org_level=level, breakdown_type=kind))
    return pd.concat(frames, ignore_index=True)


def _of_the_loop(counts: dict[str, np.ndarray], generator: np.random.Generator) -> dict[str, np.ndarray]:
    """Duties, the app's steps and the clinic: drawn apart, so that the other figures stay as they were."""
    size = len(counts["bed_days"])
    rates = {"discharge_duties_due": 0.05, "exacerbation_reviews_due": 0.1, "clinic_seen": 0.02}
    rates |= {"app_offered": 0.03, "app_registered": 0.025, "app_activated": 0.015}
    found = {name: generator.poisson(rate, size) for name, rate in rates.items()}
    for duty in ("discharge_duties", "exacerbation_reviews"):
        found[f"{duty}_met"] = generator.binomial(found[f"{duty}_due"], 0.5)
    later = counts["readmissions_90d"] - counts["readmissions_30d"]
    found["readmissions_30d_reviewed"] = generator.binomial(counts["readmissions_30d"], 0.4)
    found["readmissions_90d_reviewed"] = found["readmissions_30d_reviewed"] + generator.binomial(later, 0.5)
    return found
