"""The fast posterior against the direct grid.

    COPD_STRAT_RANDOM_PATIENTS=100000 pytest tests/risk/test_risk_posterior.py

compares 100,000 random patients (a few CPU minutes); the default is a sample of them.
"""

from __future__ import annotations

import os
from itertools import product

import numpy as np
import pandas as pd
import pytest
import risk_goldens as goldens
from risk_direct_grid import DirectAccept

from copd_strat.risk.models import accept, interpolation, posterior
from copd_strat.risk.models.accept_models import POINT_OUTPUTS
from copd_strat.risk.score import score_table

PATIENTS = int(os.environ.get("COPD_STRAT_RANDOM_PATIENTS", "3000"))
RELATIVE = 1e-9


def test_random_patients_agree_with_the_direct_grid() -> None:
    patients = goldens.random_patients(PATIENTS, seed=5)
    direct = DirectAccept()
    rows = patients.to_dict("records")
    fast = accept.rates("full", patients, interpolation.rate)
    slow = np.array([direct.accept1(row) for row in rows])
    np.testing.assert_allclose(np.column_stack([fast.everything, fast.severe]), slow, rtol=RELATIVE, atol=0)
    recalibrated = accept.accept2_rates(patients)
    slow2 = np.array([direct.accept2(row) for row in rows])
    fast2 = np.column_stack([recalibrated.everything, recalibrated.severe])
    np.testing.assert_allclose(fast2, slow2, rtol=RELATIVE, atol=1e-12)


def test_rounded_outputs_equal_those_of_the_direct_grid() -> None:
    patients = goldens.random_patients(PATIENTS, seed=6)
    direct = DirectAccept()
    got = score_table(patients, "accept3_cprd")[list(POINT_OUTPUTS)].to_numpy(dtype=float)
    expected = np.array([direct.accept3_cprd(row) for row in patients.to_dict("records")])
    assert (got == expected).all()


def _corners() -> pd.DataFrame:
    """Every combination of range ends and yes/no extremes, with counts at both ends of 0 to 30."""
    ends = product(*goldens.ENDS.values(), (0, 1), (0, 1), ((0, 0), (30, 0), (30, 30), (1, 1), (13, 3)))
    rows = [
        dict(zip(goldens.ENDS, values[:4], strict=True))
        | dict.fromkeys(("male", "smoker", "oxygen", "statin"), values[4])
        | dict.fromkeys(("LAMA", "LABA", "ICS"), values[5])
        | dict(zip(goldens.COUNTS, values[6], strict=True))
        for values in ends
    ]
    return pd.DataFrame(rows, dtype=float)


def test_corners_agree_with_the_direct_grid() -> None:
    corners = _corners()
    direct = DirectAccept()
    fast = accept.rates("full", corners, interpolation.rate)
    slow = np.array([direct.accept1(row) for row in corners.to_dict("records")])
    np.testing.assert_allclose(np.column_stack([fast.everything, fast.severe]), slow, rtol=RELATIVE, atol=0)


def test_every_corner_lies_in_the_interpolated_box() -> None:
    """Otherwise ordinary patients would silently take the slow way."""
    engine = accept.engine("full")
    for values, limits in (
        (engine.ln_alpha(_corners()), interpolation.LN_ALPHA_LIMITS),
        (engine.eta(_corners()), interpolation.ETA_LIMITS),
    ):
        assert values.min() > limits[0]
        assert values.max() < limits[1]


@pytest.mark.parametrize("part", ["severe", "non_severe"])
def test_every_count_from_0_to_30(part: interpolation.HalfPart) -> None:
    effects = accept.engine("full").effects
    rng = np.random.default_rng(8)
    count = np.repeat(np.arange(31.0), 20)
    ln_alpha = rng.uniform(*interpolation.LN_ALPHA_LIMITS, len(count))
    eta = rng.uniform(*interpolation.ETA_LIMITS, len(count))
    fast = interpolation.rate(effects, ln_alpha, eta, count, part)
    slow = posterior.rate(effects, ln_alpha, eta, count, part)
    np.testing.assert_allclose(fast, slow, rtol=1e-10, atol=0)


def test_outside_the_box_the_grid_itself_answers() -> None:
    effects = accept.engine("full").effects
    ln_alpha, eta = np.array([-9.0, 0.0, 0.0]), np.array([-2.0, 6.0, -2.0])
    count = np.array([0.0, 2.0, 31.0])
    fast = interpolation.rate(effects, ln_alpha, eta, count, "severe")
    assert (fast == posterior.rate(effects, ln_alpha, eta, count, "severe")).all()


def test_risk_rises_with_what_should_raise_it() -> None:
    base = dict.fromkeys(goldens.INPUTS, 0.0) | {"age": 65.0, "FEV1": 55.0, "BMI": 26.0, "SGRQ": 40.0}
    base |= {"LastYrExacCount": 2.0, "LastYrSevExacCount": 1.0}

    def rates(**change: list[float]) -> accept.Rates:
        length = len(next(iter(change.values())))
        return accept.accept2_rates(pd.DataFrame({k: [v] * length for k, v in base.items()} | change))

    severe_counts = [0.0, 1, 2, 3, 5, 10, 20, 30]
    with_counts = rates(LastYrSevExacCount=severe_counts, LastYrExacCount=[c + 1 for c in severe_counts])
    assert (np.diff(with_counts.severe) > 0).all()
    assert (np.diff(with_counts.everything) > 0).all()
    assert (np.diff(rates(LastYrExacCount=[1.0, 2, 4, 8, 16, 30]).everything) > 0).all()
    assert (np.diff(rates(FEV1=[110.0, 80, 60, 40, 20, 10]).severe) > 0).all()
    assert (np.diff(rates(SGRQ=[0.0, 20, 40, 60, 80, 100]).severe) > 0).all()
    assert (np.diff(rates(oxygen=[0.0, 1]).severe) > 0).all()
    assert (np.diff(rates(BMI=[50.0, 30, 20, 14]).severe) > 0).all()


def test_the_recalibration_splines_never_fall() -> None:
    for name in ("full", "no_sgrq"):
        engine = accept.engine(name)
        rate = np.linspace(0, 12, 4001)
        for spline in (engine.spline_everything, engine.spline_severe):
            assert (np.diff(accept.straightened(spline, rate)) >= 0).all()


def test_intervals_hold_their_order_and_mostly_their_point() -> None:
    patients = goldens.random_patients(200, seed=9)
    scores = score_table(patients, "accept1")
    for rate in ("predicted_exac_rate", "predicted_severe_exac_rate"):
        lower, upper = scores[f"{rate}_lower_PI"], scores[f"{rate}_upper_PI"]
        assert (lower < upper).all()
    severe = scores["predicted_severe_exac_rate"]
    assert severe.between(
        scores["predicted_severe_exac_rate_lower_PI"], scores["predicted_severe_exac_rate_upper_PI"]
    ).all()
