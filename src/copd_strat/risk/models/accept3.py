"""ACCEPT 3.0 for a country's hospital clinics, or for any place whose observed yearly risk is known.

Source: ACCEPT 3.0 (NOVELTY study), paper under review; parameters as in the R package accept 1.2.0, whose
manual gives other slopes than its code and tests: the code is followed.
"""

from __future__ import annotations

from functools import partial
from typing import Literal

import numpy as np
import pandas as pd

from copd_strat.errors import ModelError
from copd_strat.risk.model_card import GPL_ORIGIN, NOT_FOUND, Model, Options
from copd_strat.risk.models import accept
from copd_strat.risk.models.accept import Rates
from copd_strat.risk.models.accept3_cprd import completed
from copd_strat.risk.models.accept_models import (
    MEDICINES_AND_MORE,
    POINT_OUTPUTS,
    SEVERE_WITHIN_TOTAL,
    SYMPTOM_SCORES,
    severe_above_any,
    with_optional,
)
from copd_strat.risk.parameters import Floats, load


def intercept(options: Options) -> float:
    """The country's intercept, or the one that an observed risk elsewhere implies."""
    if (options.country is None) == (options.observed_risk is None):
        raise ModelError(
            "accept3 needs the country or the observed risk, and not both",
            fix=(
                "give --country (for example GBR), or --observed-risk for a country without its own intercept"
            ),
        )
    if options.country is not None:
        return _of_country(options.country)
    if not 0 < float(options.observed_risk or 0) < 1:
        raise ModelError("accept3: the observed risk must lie between 0 and 1")
    other: dict[str, float] = load("accept3")["other_country"]
    return other["slope"] * float(options.observed_risk or 0) + other["intercept"]


def _of_country(country: str) -> float:
    intercepts: dict[str, float] = load("accept3")["country_intercept"]
    code = country.upper().removesuffix("-SPECIALTY")
    if code == "GBR-PRIMARY":
        raise ModelError(
            "accept3 is for hospital clinics", fix="for UK primary care use the model accept3_cprd"
        )
    if code not in intercepts:
        raise ModelError(
            f"accept3 has no intercept for the country '{country}'",
            fix=f"use one of {', '.join(intercepts)}, or give the observed risk",
        )
    return intercepts[code]


def log_rate(
    accept2_rate: Floats, outcome: Literal["severe", "any"] = "severe", *, options: Options
) -> Floats:
    """ln of the outcome's rate before rounding, from the ACCEPT 2.0 rate of the same outcome."""
    return _log_rate("severe" if outcome == "severe" else "all", intercept(options), accept2_rate)


def _log_rate(outcome: str, place: float, accept2_rate: Floats) -> Floats:
    constants: dict[str, float] = load("accept3")[outcome]
    with np.errstate(divide="ignore"):  # a rate of 0 stays 0
        logs: Floats = constants["log_baseline"] + place + constants["slope"] * np.log(accept2_rate)
    return logs


def _risks(place: float, rates: Rates) -> list[Floats]:
    logs = (_log_rate("all", place, rates.everything), _log_rate("severe", place, rates.severe))
    return [accept.probability(np.exp(log)) for log in logs]


def _score(predictors: pd.DataFrame, options: Options) -> pd.DataFrame:
    place = intercept(options)
    filled, imputed = completed(predictors)
    risk, severe_risk = accept.at_four_decimals(partial(_risks, place), filled)
    values = dict(
        zip(POINT_OUTPUTS, (risk, -np.log1p(-risk), severe_risk, -np.log1p(-severe_risk)), strict=True)
    )
    table = pd.DataFrame(values, index=predictors.index)
    flagged = severe_above_any(
        table["predicted_severe_exac_probability"], table["predicted_exac_probability"]
    )
    return table.assign(imputed=imputed, status=flagged)


ACCEPT3 = Model(
    name="accept3",
    title="ACCEPT 3.0, by country or for another observed risk",
    outcome="moderate or severe exacerbations, and severe ones",
    horizon="12 months",
    care_setting="hospital clinics; countries: " + ", ".join(load("accept3")["country_intercept"]),
    predictors=with_optional(*MEDICINES_AND_MORE),
    one_of=SYMPTOM_SCORES,
    at_most=SEVERE_WITHIN_TOTAL,
    outputs=POINT_OUTPUTS,
    score=_score,
    missing=(
        "medicines, oxygen, statin, BMI and smoking are imputed by the regressions of ACCEPT "
        "3.0-CPRD and named;"
        "the authors' own imputation (7,161 regressions and a faulty model without medicines) is not offered"
    ),
    source="ACCEPT 3.0 (NOVELTY), paper under review; R package accept 1.2.0",
    licence=GPL_ORIGIN,
    performance=f"AUC {NOT_FOUND}",
    notes=(
        "Country GBR is the recalibration for UK specialty care. Outputs carry four decimals, as "
        "the authors'."
    ),
)
