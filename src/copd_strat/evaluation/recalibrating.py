"""A site's intercept and slope, fitted on what its own back-tests saw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from copd_strat import __version__
from copd_strat.contracts.own_tables import own_table, read_parquet
from copd_strat.errors import InputError, ModelError
from copd_strat.evaluation import measures, sample_size
from copd_strat.evaluation.backtest_files import RECORD
from copd_strat.evaluation.candidates import OUTCOMES
from copd_strat.evaluation.censoring import follow_up_weights
from copd_strat.evaluation.followed import HORIZON_MONTHS, months_after
from copd_strat.evaluation.measures import Trial
from copd_strat.publish.manifest import read_record
from copd_strat.risk.recalibration import KIND, Line
from copd_strat.risk.sealed_files import sealed

# Risks of 0 and 1 have no finite ln(rate).
_CLOSEST = 1e-6


@dataclass(frozen=True, kw_only=True)
class PastTest:
    """A back-test to fit on: its record and its predictions."""

    index: date
    record: dict[str, Any]
    predictions: pd.DataFrame


def read_backtest(folder: Path, index: date) -> PastTest:
    """The back-test of ``index`` below ``folder``; InputError if there is none, or it cannot be read."""
    place = folder / index.isoformat()
    try:
        record = read_record(place / RECORD)
        predictions = read_parquet(
            place / "analyst" / "predictions.parquet", own_table("internal", "backtest_predictions")
        ).to_pandas()
    except (OSError, ValueError, InputError):
        raise InputError(
            f"{place}: no back-test that can be read", fix=f"run 'copd-strat backtest --index {index}' first"
        ) from None
    return PastTest(index=index, record=record, predictions=predictions)


def recalibrate(sources: Sequence[PastTest], model: str, care_setting: str) -> dict[str, Any]:
    """The content of a recalibration file for ``model``, not yet signed off.

    ModelError where people are too few, the years overlap, or the order would turn round.
    """
    _require_apart([source.index for source in sources])
    outcomes = {outcome: _fitted(sources, model, outcome) for outcome in OUTCOMES}
    return sealed(
        {
            "kind": KIND,
            "model": model,
            "care_setting": care_setting,
            "scale": "ln(yearly rate); risk = 1 - exp(-rate)",
            "indexes": [source.index.isoformat() for source in sources],
            "outcomes": outcomes,
            "version": __version__,
        }
    )


def _require_apart(indexes: Sequence[date]) -> None:
    days = sorted(indexes)
    for earlier, later in pairwise(days):
        if months_after(earlier, HORIZON_MONTHS) > later:
            raise ModelError(
                f"the years after {earlier} and {later} overlap: the same events would count twice",
                fix=f"take index dates at least {HORIZON_MONTHS} months apart",
            )


def trial_of(sources: Sequence[PastTest], model: str, outcome: str) -> Trial:
    """The model's predictions and what came, over all the back-tests."""
    tables = [source.predictions for source in sources]
    parts = [table[(table["model"] == model) & (table["outcome"] == outcome)] for table in tables]
    weights = [
        follow_up_weights(
            part["followed_days"].to_numpy(dtype=float), (part["ended_by"] != "left").to_numpy(dtype=bool)
        )
        for part in parts
    ]
    rows = pd.concat(parts, ignore_index=True)
    return Trial(
        predicted=rows["predicted"].to_numpy(dtype=float),
        event=rows["observed"].to_numpy(dtype=bool),
        weight=np.concatenate(weights),
        chosen=np.zeros(len(rows)),
    )


def _fitted(sources: Sequence[PastTest], model: str, outcome: str) -> dict[str, Any]:
    trial = trial_of(sources, model, outcome)
    people, events = len(trial.event), int(trial.event.sum())
    if not events or events == people:
        raise ModelError(f"{model}, {outcome}: there is nothing to fit ({events} events in {people} people)")
    log_rate = np.log(-np.log1p(-np.clip(trial.predicted, _CLOSEST, 1 - _CLOSEST)))
    design = np.column_stack([np.ones(people), log_rate])
    fitted = measures.fit_logistic(design, trial.event, trial.weight, link=measures.of_log_rate)
    if fitted is None or fitted.coefficients[1] <= 0:
        raise ModelError(f"{model}, {outcome}: its order does not fit these people, a new level cannot help")
    line = Line(intercept=float(fitted.coefficients[0]), slope=float(fitted.coefficients[1]))
    after = Trial(
        predicted=line.risk(trial.predicted), event=trial.event, weight=trial.weight, chosen=trial.chosen
    )
    need = sample_size.to_recalibrate(after.predicted, float(np.average(trial.event, weights=trial.weight)))
    if people < need.people:
        raise ModelError(
            f"{model}, {outcome}: {people:,} people are too few, {need.people:,} are needed ({need.strictest})",
            fix="add an earlier index date with --index, or wait until there are more",
        )
    return {
        "intercept": line.intercept,
        "slope": line.slope,
        "people": people,
        "events": events,
        "people_needed": need.by,
        "oe_before": list(measures.oe_ratio(trial)),
        "oe_after": list(measures.oe_ratio(after)),
        "slope_before": list(measures.calibration_slope(trial)),
        "slope_after": list(measures.calibration_slope(after)),
    }
