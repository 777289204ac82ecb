"""docs/reasons.md, written from what the program says of patients who do not exist.

    python tests/risk/risk_reasons_page.py

A test compares the page with a fresh one.
"""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from copd_strat.clinical import dictionary
from copd_strat.config import RiskSettings
from copd_strat.risk.frequency import in_100
from copd_strat.risk.parameters import load
from copd_strat.risk.register import score_register

PATIENTS = 22
INDEX_DATE = date(2026, 9, 30)
HEAD = """# Reasons

Every scored patient's risk comes with its reasons: what in the record makes it differ from the risk of a stated
reference patient, in words, with value and date, largest first. They are reasons for the outcome that the policy
ranks by (`rank_by`: severe, as on this page, or any).

**Reference patient**: {reference}.
*Project choice, needs clinical sign-off.*

**Scale**: the natural logarithm of the yearly rate of severe exacerbations, of the model that ranks patients
(ACCEPT 3.0-CPRD in primary care), before rounding. A contribution of +0.69 doubles the rate, -0.69 halves it;
the factor is printed beside it. A patient's contributions add up to ln(rate) - ln(reference rate), to 1e-9.

**Method**: the posterior that ACCEPT draws from last year's exacerbations makes the rate more than a sum of
terms, so each of six groups (exacerbation history; lung function; breathlessness; treatment and oxygen; heart
and metabolic; age, sex, smoking) gets its exact Shapley value over all 64 coalitions, and inside a group the
value is split in proportion to the linear terms of its predictors (their first-order effects at the
reference patient). Where terms of opposite sign nearly cancel, so that proportion would stretch them more
than twofold, the terms stand as they are and the remainder is shared by their size. See docs/decisions.md
§15.

**How to read it**
- A reason says what the equation does with a fact, not what would happen if the fact changed: an inhaled
  steroid marks sicker patients in the trials the equation comes from; stopping it lowers nobody's risk by
  that factor.
- ACCEPT's severe rate learns from severe exacerbations only. "3 exacerbations, none in hospital" can stand at
  a factor of 1.00 because the reference patient, too, had none in hospital.
- "estimated as" marks a predictor that the record lacks and the authors' regression filled in.
- A risk that rounds to 0 is shown as "less than 1 in 100".
- A site's own additive model (a scorecard) gives its own log-odds terms as reasons, measured from the
  reference values in its file.

## {patients} synthetic patients

None of these people exists; the index date is {index}. The reference patient's severe risk is {risk}.
"""


def _days_ago(rng: np.random.Generator, longest: int) -> list[date]:
    return [INDEX_DATE - timedelta(days=int(days)) for days in rng.integers(3, longest, PATIENTS)]


def synthetic_features() -> pd.DataFrame:
    """Features of people who do not exist; some gaps."""
    rng = np.random.default_rng(11)
    severe = rng.choice([0, 0, 0, 1, 1, 2, 3], PATIENTS)
    total = severe + rng.choice([0, 0, 1, 2, 4], PATIENTS)
    table = pd.DataFrame(
        {
            "patient_id": [f"SYNTHETIC-{n:02d}" for n in range(1, PATIENTS + 1)],
            "age": rng.integers(48, 89, PATIENTS).astype(float),
            "sex": rng.choice(["female", "male"], PATIENTS),
            "severe_observable": True,
            "exacerbations_12m": total,
            "severe_exacerbations_12m": severe,
            "last_exacerbation_date": pd.Series(_days_ago(rng, 360)).where(total > 0),
            "mrc": rng.integers(1, 6, PATIENTS).astype(float),
            "mrc_date": _days_ago(rng, 700),
            "fev1_pct_predicted": rng.normal(55, 17, PATIENTS).clip(18, 105).round(),
            "fev1_pct_date": _days_ago(rng, 2000),
            "bmi": rng.normal(26, 6, PATIENTS).clip(15, 45).round(1),
            "bmi_date": _days_ago(rng, 1500),
            "smoking_status": rng.choice(["never", "ex", "current"], PATIENTS, p=[0.1, 0.5, 0.4]),
            "smoking_date": _days_ago(rng, 1500),
            **{name: rng.random(PATIENTS) < 0.6 for name in ("lama", "laba", "ics")},
            "last_inhaler_date": _days_ago(rng, 170),
            "statin": rng.random(PATIENTS) < 0.4,
            "home_oxygen": rng.random(PATIENTS) < 0.12,
        }
    )
    table["statin_date"] = pd.Series(_days_ago(rng, 170)).where(table["statin"])
    table["home_oxygen_date"] = pd.Series(_days_ago(rng, 360)).where(table["home_oxygen"])
    return _with_gaps(table)


def _with_gaps(table: pd.DataFrame) -> pd.DataFrame:
    table.loc[[3, 11], ["bmi", "bmi_date"]] = None
    table.loc[[6], ["smoking_status", "smoking_date"]] = None
    table.loc[[8, 17], ["mrc", "mrc_date"]] = None
    table["cat"] = pd.Series({8: 24.0, 17: 9.0}).reindex(table.index)
    table["cat_date"] = pd.Series({8: date(2026, 2, 17), 17: date(2025, 11, 4)}).reindex(table.index)
    table[["lama", "laba", "ics", "statin"]] = table[["lama", "laba", "ics", "statin"]].astype(object)
    table.loc[[14], ["lama", "laba", "ics", "statin", "statin_date", "last_inhaler_date"]] = None
    return table.reindex(columns=[feature.name for feature in dictionary.features()])


def _reference_features() -> pd.DataFrame:
    row = {
        "patient_id": "reference",
        "age": 70,
        "sex": "male",
        "severe_observable": True,
        "mrc": 2,
        "exacerbations_12m": 0,
        "severe_exacerbations_12m": 0,
        "fev1_pct_predicted": 60,
        "bmi": 27,
        "smoking_status": "ex",
        "lama": True,
        "laba": True,
        "ics": False,
        "statin": False,
        "home_oxygen": False,
    }
    return pd.DataFrame([row]).reindex(columns=synthetic_features().columns)


def page() -> str:
    settings = RiskSettings(care_setting="primary_care")
    result = score_register(synthetic_features(), settings)
    at_reference = score_register(_reference_features(), settings).scores.iloc[0]
    head = HEAD.format(
        reference=load("reference_patient")["description"],
        patients=PATIENTS,
        index="30 September 2026",
        risk=in_100(at_reference["risk_severe_12m"]),
    )
    parts = [_patient(score, result.reasons) for score in result.scores.to_dict("records")]
    return "\n".join([head, *parts])


def _patient(score: dict[str, object], reasons: pd.DataFrame) -> str:
    rows = reasons[reasons["patient_id"] == score["patient_id"]]
    lines = [
        f"| {row.position} | {row.text} | {row.contribution:+.3f} | {np.exp(row.contribution):.2f} |"
        for row in rows.itertuples()
        if row.contribution != 0
    ]
    risk = f"severe exacerbation in 12 months: {in_100(float(str(score['risk_severe_12m'])))}"
    return "\n".join(
        [
            f"### {score['patient_id']}: {risk} ({score['risk_status']})\n",
            "| | reason | contribution | factor |\n|---|---|---|---|",
            *lines,
            f"| | all reasons together | {rows['contribution'].sum():+.3f} "
            f"| {np.exp(rows['contribution'].sum()):.2f} |\n",
        ]
    )


if __name__ == "__main__":
    target = Path(__file__).parents[2] / "docs" / "reasons.md"
    target.write_text(page(), encoding="utf-8")
