"""CPU seconds and peak memory of 1.4 million synthetic patients through ACCEPT 3.0-CPRD, both outcomes.

    python benchmarks/bench_risk.py [patients]

The bar is 15 CPU seconds (of all threads together) and 2 GiB, for a register of England's size; the authors'
R package needs about 83 ms of CPU a patient, which would be 32 hours. The reasons, not under that bar, are
timed on a tenth of the patients.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable

import numpy as np
import pandas as pd

from copd_strat.risk import shapley
from copd_strat.risk.models import accept3_cprd
from copd_strat.risk.score import predictors_from, score_table

ENGLAND_COPD_REGISTER = 1_400_000
CPU_SECONDS_BAR, MEMORY_BAR_GIB = 15.0, 2.0


def synthetic_patients(n: int, seed: int = 20260331) -> pd.DataFrame:
    """Predictors of ``n`` patients who do not exist; one in ten lacks BMI, one in fifty its medicines."""
    rng = np.random.default_rng(seed)
    severe = rng.poisson(0.15, n)
    table = pd.DataFrame(
        {
            "ID": np.arange(n),
            "male": rng.integers(0, 2, n),
            "age": rng.normal(70, 10, n).clip(40, 90).round(1),
            "smoker": rng.random(n) < 0.35,
            "oxygen": rng.random(n) < 0.03,
            "statin": rng.random(n) < 0.45,
            "LAMA": rng.random(n) < 0.55,
            "LABA": rng.random(n) < 0.6,
            "ICS": rng.random(n) < 0.5,
            "FEV1": rng.normal(62, 18, n).clip(15, 115).round(1),
            "BMI": rng.normal(27.5, 6, n).clip(14, 55).round(1),
            "mMRC": rng.choice(5, n, p=[0.2, 0.35, 0.25, 0.15, 0.05]),
            "LastYrExacCount": severe + rng.negative_binomial(1, 0.55, n),
            "LastYrSevExacCount": severe,
        }
    )
    table["BMI"] = table["BMI"].mask(rng.random(n) < 0.1)
    without = pd.Series(rng.random(n) < 0.02)
    for medicine in ("LAMA", "LABA", "ICS", "statin"):
        table[medicine] = table[medicine].astype(float).mask(without)
    return table


def cpu_seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def main() -> None:
    n = int(sys.argv[1]) if len(sys.argv) > 1 else ENGLAND_COPD_REGISTER
    patients = synthetic_patients(n)
    seconds = cpu_seconds(lambda: score_table(patients, "accept3_cprd"))
    peak_gib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"accept3_cprd, {n:,} patients: {seconds:.1f} CPU s (bar {CPU_SECONDS_BAR:.0f})")
    print(f"peak memory: {peak_gib:.2f} GiB (bar {MEMORY_BAR_GIB:.0f})")
    tenth, _ = accept3_cprd.completed(predictors_from(patients.head(n // 10), accept3_cprd.ACCEPT3_CPRD))
    seconds = cpu_seconds(lambda: shapley.contributions(tenth, accept3_cprd.log_severe_rate))
    print(f"reasons, {len(tenth):,} patients: {seconds:.1f} CPU s")


if __name__ == "__main__":
    main()
