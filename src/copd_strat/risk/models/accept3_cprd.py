"""ACCEPT 3.0-CPRD: ACCEPT 2.0 recalibrated on 158,384 people in English general practice. The default here.

Source: Mehareen 2026, Thorax, doi 10.1136/thorax-2026-224814; parameters as in the R package accept 1.2.0.
That the package's model is the paper's ACCEPT 3.0-UK is taken as given [unconfirmed].
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pandas as pd
from scipy.special import expit

from copd_strat.risk.model_card import GPL_ORIGIN, Model, Options
from copd_strat.risk.models import accept
from copd_strat.risk.models.accept import Rates
from copd_strat.risk.models.accept_models import (
    MEDICINES_AND_MORE,
    POINT_OUTPUTS,
    SEVERE_WITHIN_TOTAL,
    SYMPTOM_SCORES,
    severe_above_any,
    with_optional,
)
from copd_strat.risk.parameters import Floats, load, regression
from copd_strat.risk.status import named


def completed(predictors: pd.DataFrame) -> tuple[pd.DataFrame, pd.Series]:
    """Predictors without gaps, and the names of those imputed in each row.

    The symptom score becomes SGRQ and, turned back unrounded, mMRC. The seven optional predictors are then
    imputed in a fixed order, each by a regression on the required ones and on the optional ones before it.
    Only gaps are filled.
    """
    raw = load("accept3_cprd")
    from_mmrc = load("accept")["sgrq_from"]["mMRC"]
    sgrq = accept.sgrq(predictors)
    filled = predictors.assign(SGRQ=sgrq, mMRC=(sgrq - from_mmrc["intercept"]) / from_mmrc["slope"])
    for step in raw["imputation"]:
        name = step["predictor"]
        gaps = filled[name].isna()
        if gaps.any():
            filled.loc[gaps, name] = _imputed(step, filled[gaps], raw["bmi_limits"])
    gaps_by_name = {name: predictors[name].isna().to_numpy() for name in MEDICINES_AND_MORE}
    return filled, named(gaps_by_name, predictors.index)


def _imputed(step: dict[str, Any], rows: pd.DataFrame, bmi_limits: list[float]) -> Floats:
    value = regression(step["coefficients"], rows)
    if step["link"] == "identity":
        return np.clip(value, bmi_limits[0], bmi_limits[1])
    return np.round(expit(value))


def log_rate(accept2_rate: Floats, outcome: Literal["severe", "any"] = "severe") -> Floats:
    """ln of the outcome's rate before rounding, from the ACCEPT 2.0 rate of the same outcome."""
    constants: dict[str, float] = load("accept3_cprd")["severe" if outcome == "severe" else "all"]
    with np.errstate(divide="ignore"):  # a rate of 0 stays 0
        logs: Floats = np.log(constants["baseline"]) + constants["slope"] * np.log(accept2_rate)
    return logs


def _outputs(rates: Rates) -> list[Floats]:
    """Risk and rate, of any severity and severe, unrounded, in the order of ``POINT_OUTPUTS``."""
    outputs: list[Floats] = []
    for outcome, rate in (("all", rates.everything), ("severe", rates.severe)):
        constants: dict[str, float] = load("accept3_cprd")[outcome]
        recalibrated = constants["baseline"] * rate ** constants["slope"]
        outputs += [accept.probability(recalibrated), recalibrated]
    return outputs


def _score(predictors: pd.DataFrame, _: Options) -> pd.DataFrame:
    filled, imputed = completed(predictors)
    columns = accept.at_four_decimals(_outputs, filled)
    table = pd.DataFrame(dict(zip(POINT_OUTPUTS, columns, strict=True)), index=predictors.index)
    flagged = severe_above_any(table["predicted_severe_exac_rate"], table["predicted_exac_rate"])
    return table.assign(imputed=imputed, status=flagged)


ACCEPT3_CPRD = Model(
    name="accept3_cprd",
    title="ACCEPT 3.0-CPRD",
    outcome="moderate or severe exacerbations, and severe ones",
    horizon="12 months",
    care_setting="UK primary care (the default for English GP data)",
    predictors=with_optional(*MEDICINES_AND_MORE),
    one_of=SYMPTOM_SCORES,
    at_most=SEVERE_WITHIN_TOTAL,
    outputs=POINT_OUTPUTS,
    score=_score,
    missing="medicines, oxygen, statin, BMI and smoking are imputed by the authors' regressions and named",
    source=(
        "Mehareen 2026, Thorax, doi 10.1136/thorax-2026-224814; R package accept 1.2.0 [unconfirmed identity]"
    ),
    licence=GPL_ORIGIN,
    performance=(
        "CPRD Aurum (n = 158,384): AUC 0.77 for 1 or more moderate or severe in a year; O/E 1.00 (0.99-1.00)"
    ),
    notes="Outputs carry four decimals, as the authors'. AUC of the severe outcome: not found.",
)
