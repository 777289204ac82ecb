"""What statistics packages of others say of the same people; runs in their own environment, prints JSON.

``python peer_side.py FOLDER``: one CSV a world, with ``predicted``, ``days`` and ``ended_by`` (event, death,
left), not cut at the horizon. Nothing of the program is imported.
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import statsmodels.api as sm
from dcurves import dca
from lifelines import AalenJohansenFitter, KaplanMeierFitter
from lifelines.utils import concordance_index
from sklearn.metrics import brier_score_loss, roc_auc_score
from sksurv.metrics import brier_score, cumulative_dynamic_auc
from sksurv.nonparametric import (
    CensoringDistributionEstimator,
    cumulative_incidence_competing_risks,
    kaplan_meier_estimator,
)
from sksurv.util import Surv
from statsmodels.stats.proportion import proportion_confint

HORIZON = 365
THRESHOLDS = [0.05, 0.1, 0.25, 0.4]
Figures = dict[str, list[float]]


def observed(people: pd.DataFrame) -> Figures:
    """Share with the event by the horizon: Kaplan-Meier, or Aalen-Johansen where people die."""
    days, event = people["days"], people["ended_by"] == "event"
    if (people["ended_by"] == "death").any():
        kinds = people["ended_by"].map({"event": 1, "death": 2, "left": 0}).to_numpy()
        times, incidence = cumulative_incidence_competing_risks(kinds, days.to_numpy())
        found = {"scikit-survival": [float(incidence[1][times <= HORIZON][-1])]}
        if days.is_unique:  # lifelines moves tied days apart at random
            fitted = AalenJohansenFitter(calculate_variance=False).fit(days, kinds, event_of_interest=1)
            found["lifelines"] = [float(fitted.predict(HORIZON))]
        return found
    times, survival = kaplan_meier_estimator(event.to_numpy(), days.to_numpy())
    fitted = KaplanMeierFitter().fit(days, event)
    return {
        "scikit-survival": [1 - float(survival[times <= HORIZON][-1])],
        "lifelines": [1 - float(fitted.predict(HORIZON))],
    }


def regressions(people: pd.DataFrame, event: np.ndarray, weight: np.ndarray) -> dict[str, Figures]:
    """Slope, intercept with the slope kept at 1, and intercept and slope on ln(rate), of those not lost."""
    kept = weight > 0
    risk, event, weight = people["predicted"].to_numpy()[kept], event[kept], weight[kept]
    ones = np.ones((kept.sum(), 1))
    odds, log_rate = np.log(risk / (1 - risk)), np.log(-np.log1p(-risk))
    cloglog = sm.families.Binomial(sm.families.links.CLogLog())

    def fitted(design: np.ndarray, family: Any = None, **options: Any) -> list[float]:
        model = sm.GLM(event, design, family or sm.families.Binomial(), var_weights=weight, **options)
        found = model.fit(tol=1e-14, maxiter=200, cov_type="HC0")
        return [*map(float, found.params), *map(float, found.bse)]

    slope = fitted(np.column_stack([ones, odds]))
    return {
        "calibration slope, its error": {"statsmodels": [slope[1], slope[3]]},
        "calibration intercept, its error": {"statsmodels": fitted(ones, offset=odds)},
        "intercept and slope on ln(rate)": {
            "statsmodels": fitted(np.column_stack([ones, log_rate]), cloglog)[:2]
        },
    }


def where_nobody_is_lost(people: pd.DataFrame, event: np.ndarray) -> dict[str, Figures]:
    """A plain yes or no: what needs no survival."""
    risk = people["predicted"]
    wilson = proportion_confint(event.sum(), len(event), method="wilson")
    curve = dca(
        data=pd.DataFrame({"event": event, "model": risk}),
        outcome="event",
        modelnames=["model"],
        thresholds=THRESHOLDS,
    )
    by_model = {name: rows["net_benefit"].astype(float).tolist() for name, rows in curve.groupby("model")}
    return {
        "c-statistic": {
            "scikit-learn": [roc_auc_score(event, risk)],
            # of people with and without the event, when it came is not asked
            "lifelines": [concordance_index(np.where(event, 1, 2), -risk, event)],
        },
        "Brier score": {"scikit-learn": [brier_score_loss(event, risk)]},
        "Wilson's interval": {"statsmodels": [*map(float, wilson)]},
        "net benefit": {"dcurves": by_model["model"]},
        "net benefit for everybody": {"dcurves": by_model["all"]},
    }


def where_some_are_lost(people: pd.DataFrame) -> dict[str, Figures]:
    """Weighted by the chance of having been followed; days are distinct, as packages treat ties differently."""
    risk, event = people["predicted"].to_numpy(), (people["ended_by"] == "event").to_numpy()
    outcome = Surv.from_arrays(event, people["days"].to_numpy())
    _, brier = brier_score(outcome, outcome, (1 - risk)[:, None], [HORIZON])
    auc, _ = cumulative_dynamic_auc(outcome, outcome, risk, [HORIZON])
    curve = dca(
        data=pd.DataFrame({"event": event, "model": risk, "days": people["days"]}),
        outcome="event",
        modelnames=["model"],
        thresholds=THRESHOLDS,
        time=HORIZON,
        time_to_outcome_col="days",
    )
    everybody = curve[curve["model"] == "all"]["net_benefit"].astype(float).tolist()
    return {
        "c-statistic": {"scikit-survival": [float(auc[0])]},
        "Brier score": {"scikit-survival": [float(brier[0])]},
        "net benefit for everybody": {"dcurves": everybody},
    }


def weights(people: pd.DataFrame) -> np.ndarray:
    """One over the chance of having been followed so long, by scikit-survival; 0 for those lost before."""
    days, lost = people["days"].to_numpy(), (people["ended_by"] == "left").to_numpy()
    estimator = CensoringDistributionEstimator().fit(Surv.from_arrays(~lost, days))
    chance = estimator.predict_proba(np.minimum(days, HORIZON))
    return np.where(lost & (days < HORIZON), 0.0, 1 / chance)


def figures(people: pd.DataFrame) -> dict[str, Figures]:
    share = observed(people)
    event = ((people["ended_by"] == "event") & (people["days"] <= HORIZON)).to_numpy()
    found = {
        "observed": share,
        "O/E": {name: [value[0] / float(people["predicted"].mean())] for name, value in share.items()},
    }
    if not people["days"].is_unique:
        return found
    found |= regressions(people, event, weights(people))
    if (people["ended_by"] == "event").all():
        return found | where_nobody_is_lost(people, event)
    if (people["ended_by"] == "death").any():
        return found
    return found | where_some_are_lost(people)


def main(folder: Path) -> None:
    warnings.simplefilter("ignore")
    found = {path.stem: figures(pd.read_csv(path)) for path in sorted(folder.glob("*.csv"))}
    json.dump(found, sys.stdout, indent=1)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
