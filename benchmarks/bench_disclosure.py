"""Disclosure control at the size of a large board: CPU time, and how much is hidden.

500 practices in 100 networks, 5 sub-ICB locations and one board, 100,000 people who do not exist, a
financial year of months. Figures of March are told, since stocks are broken down then, with those of the
windows that end there; beside them what the small-number rule alone would hide of the same cells.

    python benchmarks/bench_disclosure.py [practices] [people]
"""

from __future__ import annotations

import sys
import time
from datetime import date

import numpy as np
import pandas as pd

from copd_strat.summary.count_table import CELL_KEY
from copd_strat.summary.counts import Counted
from copd_strat.summary.cube import COHORTS, DISPOSITIONS, breakdown_types, declared_values, indicators
from copd_strat.summary.fact_rows import indicator_rows
from copd_strat.summary.period_figures import Maker, PeriodFigures, Released
from copd_strat.summary.periods import Due, Period, add_months, windows
from copd_strat.summary.small_numbers import is_small

APRIL = date(2025, 4, 1)
#: Events a person and month, about as the demonstration's care system has them.
RATES = {
    "moderate_exacerbations": 0.09,
    "severe_exacerbations": 0.017,
    "copd_emergency_admissions": 0.018,
    "bed_days": 0.11,
    "ed_attendances": 0.07,
    "ed_only_exacerbations": 0.008,
    "copd_reviews": 0.07,
    "discharge_duties_due": 0.05,
    "exacerbation_reviews_due": 0.08,
    "clinic_seen": 0.015,
    "app_offered": 0.02,
    "app_registered": 0.015,
    "app_activated": 0.01,
}
READMITTED_90D, WITHIN_30D = 0.25, 0.45
SHARES = {
    "sex": [0.48, 0.515, 0.001, 0.004],
    "age_band": [0.04, 0.11, 0.26, 0.35, 0.235, 0.005],
    "imd_quintile": [0.3, 0.23, 0.19, 0.15, 0.12, 0.01],
    "ethnicity_group": [0.86, 0.01, 0.05, 0.02, 0.01, 0.05],
}
PLACED = dict(zip(DISPOSITIONS, (0.25, 0.55, 0.165, 0.035), strict=True))


def people(practices: int, size: int, generator: np.random.Generator) -> pd.DataFrame:
    """One row a person: practice and groups. List sizes differ by a factor of ten or so."""
    weights = generator.lognormal(0, 0.5, practices)
    frame = pd.DataFrame({"practice": generator.choice(practices, size, p=weights / weights.sum())})
    for kind in breakdown_types():
        frame[kind] = generator.choice(declared_values(kind), size, p=SHARES[kind])
    frame["disposition"] = generator.choice(DISPOSITIONS, size, p=list(PLACED.values()))
    return frame


def organisations(practices: int) -> pd.DataFrame:
    """Five practices a network, twenty networks a sub-ICB location."""
    number = np.arange(practices)
    return pd.DataFrame(
        {
            "practice": [f"P{n:04d}" for n in number],
            "pcn": [f"N{n // 5:03d}" for n in number],
            "sub_icb": [f"S{n // 100}" for n in number],
            "icb": "Q1",
        }
    )


def month_of(everybody: pd.DataFrame, generator: np.random.Generator) -> dict[str, np.ndarray]:
    """What each indicator counts of each person in one month."""
    n = {name: generator.poisson(rate, len(everybody)) for name, rate in RATES.items()}
    n["ed_only_exacerbations"] = np.minimum(n["ed_only_exacerbations"], n["ed_attendances"])
    n["readmissions_90d"] = generator.binomial(n["copd_emergency_admissions"], READMITTED_90D)
    n["readmissions_30d"] = generator.binomial(n["readmissions_90d"], WITHIN_30D)
    for duty in ("discharge_duties", "exacerbation_reviews"):
        n[f"{duty}_met"] = generator.binomial(n[f"{duty}_due"], 0.5)
    for days in (30, 90):
        n[f"readmissions_{days}d_reviewed"] = generator.binomial(n[f"readmissions_{days}d"], 0.4)
    n |= {COHORTS["register"]: np.ones(len(everybody), dtype=int)}
    n |= {COHORTS["placed"]: np.ones(len(everybody), dtype=int)}
    n |= {f"disposition_{d}": (everybody["disposition"] == d).to_numpy(dtype=int) for d in DISPOSITIONS}
    clinic = n["disposition_clinic"]
    n["clinic_places"] = clinic * generator.binomial(1, 0.25, len(everybody))
    n["clinic_entered"] = clinic * generator.binomial(1, 0.1, len(everybody))
    return n


def finest_of(month: date, everybody: pd.DataFrame, counts: dict[str, np.ndarray]) -> pd.DataFrame:
    """Practice totals and network breakdowns of one month, zeros left out."""
    codes = organisations(int(everybody["practice"].max()) + 1)
    practice = codes["practice"].to_numpy(dtype=object)[everybody["practice"]]
    network = codes["pcn"].to_numpy(dtype=object)[everybody["practice"]]
    frames = []
    for name, n in counts.items():
        own = everybody.assign(n=n, practice=practice, pcn=network)[n > 0]
        groups = [
            ("practice", "practice", "all", None),
            *(("pcn", "pcn", kind, kind) for kind in breakdown_types()),
        ]
        for level, place, kind, column in groups:
            sums = own.groupby([place, *([column] if column else [])], as_index=False)["n"].sum()
            value = sums[column] if column else "all"
            frames.append(
                pd.DataFrame(
                    {
                        "month": month,
                        "indicator_id": name,
                        "org_level": level,
                        "org_code": sums[place],
                        "breakdown_type": kind,
                        "breakdown_value": value,
                        "n": sums["n"],
                    }
                )
            )
    rows = pd.concat(frames, ignore_index=True)
    return rows.astype(dict.fromkeys(CELL_KEY, "object"))


def published(counted: Counted, released: Released, due: Due) -> PeriodFigures:
    """The figures of one period, put among what is released."""
    maker = Maker(counted, released, "hes", frozenset(), dict.fromkeys(COHORTS, APRIL))
    figures = maker.figures(due, None)
    rows = indicator_rows(figures.cells, frozenset(), "hes")
    released.add(due.period, rows.assign(period_key=due.period.key, period_start=due.period.start))
    return figures


def told(title: str, cells: pd.DataFrame) -> None:
    """Shares hidden, of what is published and by the small-number rule alone."""
    alone = pd.Series(is_small(cells["n"].to_numpy(dtype=np.int64), "hes"), index=cells.index)
    broken = np.where(cells["breakdown_type"] == "all", "totals", "breakdowns")
    print(f"{title}: {len(cells):,} cells")
    for (level, kind), own in cells.groupby([cells["org_level"], broken]):
        print(
            f"  {level:<9} {kind:<11} {len(own):>7,} cells  hidden {own['hidden'].mean():6.1%}"
            f"  rule alone {alone[own.index].mean():6.1%}"
        )
    above = (cells["n"] > 0) & ~cells["hidden"].astype(bool)
    print(f"  with a figure above 0: {above.mean():.1%}; rule alone {((cells['n'] > 0) & ~alone).mean():.1%}")


def main() -> None:
    practices, size = (int(text) for text in (sys.argv[1:] + ["500", "100000"][len(sys.argv) - 1 :]))
    generator = np.random.default_rng(20250401)
    everybody = people(practices, size, generator)
    months = [add_months(APRIL, n) for n in range(12)]
    finest = pd.concat([finest_of(month, everybody, month_of(everybody, generator)) for month in months])
    places = pd.concat([organisations(practices).assign(month=month) for month in months])
    counted, released = Counted(finest.reset_index(drop=True), places), Released()
    records = []
    for period in [Period("month", month) for month in months] + windows(months):
        start = time.process_time()
        figures = published(counted, released, Due(period, 0))
        seconds = time.process_time() - start
        records.append(figures.record)
        print(f"{period.key:<16} {seconds:5.1f} CPU s  {figures.record}")
        if period.last_month == months[-1]:
            told(period.key, figures.cells)
    total = pd.DataFrame(records).sum()
    print(
        f"narrowed to three values or fewer: {total['narrowed'] / total['hidden_1_to_7']:.2%} of hidden 1 to 7"
    )
    missing = set(indicators().index) - set(finest["indicator_id"])
    print(f"indicators: {len(indicators())}, not simulated: {sorted(missing) or 'none'}")


if __name__ == "__main__":
    main()
