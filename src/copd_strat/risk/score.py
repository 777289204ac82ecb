"""Score a table of predictors, one row a patient, with any model of the registry."""

from __future__ import annotations

import numpy as np
import pandas as pd

from copd_strat.errors import ModelError
from copd_strat.risk import predictors, registry, status
from copd_strat.risk.model_card import Model, Options, Predictor

ID, FEATURE_ID = "ID", "patient_id"


def score_table(
    table: pd.DataFrame,
    model: str,
    *,
    country: str | None = None,
    observed_risk: float | None = None,
    edition: str = "2023",
) -> pd.DataFrame:
    """``ID``, the model's outputs, ``status`` and ``imputed``, in the table's order, shape (n, ...).

    A predictor is read from the column its authors name, else from its column of the features table.
    ModelError: an unknown model or option, no ID column, repeated IDs, a required column missing, text where
    numbers belong. Nothing in a message comes from a patient's record.
    """
    chosen = registry.model(model)
    options = Options(country=country, observed_risk=observed_risk, edition=edition)
    ids = ids_of(table)
    scores = score_predictors(chosen, predictors_from(table, chosen), options)
    scores.insert(0, ID, ids.to_numpy())
    return scores


def score_predictors(
    model: Model,
    predictors: pd.DataFrame,
    options: Options,
    *,
    missing_names: dict[str, str] | None = None,
) -> pd.DataFrame:
    """The model's outputs, ``status`` and ``imputed``, one row a row of ``predictors``, same index.

    ``missing_names`` replaces names of missing predictors in the status by plainer ones.
    """
    renamed = missing_names or {}
    missing = {renamed.get(n, n): f for n, f in status.missing_flags(model, predictors).items()}
    lacks = status.named(missing, predictors.index)
    broken = status.named(status.invalid_flags(model, predictors), predictors.index)
    refusal = status.joined(
        status.prefixed("missing_required: ", lacks), status.prefixed("inconsistent: ", broken)
    )
    scorable = refusal == ""
    outcome = model.score(predictors[scorable], options)
    scores = outcome.reindex(predictors.index)
    remarks = _remarks(model, predictors[scorable], outcome)
    scores["status"] = remarks.reindex(predictors.index).fillna(refusal)
    imputed = scores["imputed"] if "imputed" in scores else pd.Series("", index=scores.index, dtype="str")
    scores["imputed"] = imputed.fillna("")
    return scores[[*model.outputs, "status", "imputed"]]


def _remarks(model: Model, predictors: pd.DataFrame, outcome: pd.DataFrame) -> pd.Series:
    """What to say of the rows that went through the equation: ``scored`` if there is nothing else."""
    outside = status.named(status.out_of_range_flags(model, predictors), predictors.index)
    own = outcome["status"] if "status" in outcome else pd.Series("", index=outcome.index, dtype="str")
    remarks = status.joined(status.prefixed("out_of_range: ", outside), own)
    return remarks.where(remarks != "", status.SCORED)


def ids_of(table: pd.DataFrame) -> pd.Series:
    """The table's ids; ModelError if they are absent, incomplete or repeated."""
    name = ID if ID in table else FEATURE_ID
    if name not in table:
        raise ModelError(
            "the table has no ID column", fix=f"add a column '{ID}' (or '{FEATURE_ID}'), one id a row"
        )
    ids = table[name]
    if ids.isna().any():
        raise ModelError(
            f"column '{name}' is empty in {int(ids.isna().sum())} row(s)", fix="give every row an id"
        )
    repeated = int(ids.duplicated().sum())
    if repeated:
        raise ModelError(f"column '{name}' repeats an id in {repeated} row(s)", fix="give one row a patient")
    return ids


def predictors_from(table: pd.DataFrame, model: Model) -> pd.DataFrame:
    """The model's predictors as float columns, NaN where missing; optional columns may be absent."""
    _check_columns(table, model)
    columns = {p.name: _column(table, p) for p in model.predictors}
    return pd.DataFrame(columns, index=table.index)


def _check_columns(table: pd.DataFrame, model: Model) -> None:
    absent = [p.name for p in model.predictors if p.required and not _has(table, p)]
    either = [p for p in model.predictors if p.name in model.one_of]
    if either and not any(_has(table, p) for p in either):
        absent.append(" or ".join(model.one_of))
    if absent:
        raise ModelError(
            f"{model.name}: the table lacks the required column(s) {', '.join(absent)}",
            fix=(
                f"'copd-strat models show {model.name}' lists the columns, and the features that stand for "
                f"them"
            ),
        )


def _has(table: pd.DataFrame, predictor: Predictor) -> bool:
    return predictor.name in table or (predictor.feature is not None and predictor.feature in table)


def _column(table: pd.DataFrame, predictor: Predictor) -> pd.Series:
    if not _has(table, predictor):
        return pd.Series(np.nan, index=table.index)
    own = predictor.name in table and predictor.name != predictor.feature
    source = predictor.name if own else str(predictor.feature)
    raw = table[source] if own or predictor.convert is None else predictor.convert(table)
    values = predictors.numbers(raw)
    text = 0 if pd.api.types.is_numeric_dtype(raw.dtype) else _text_rows(raw, values)
    if text:
        raise ModelError(
            f"column '{source}' holds something other than a number in {text} row(s)",
            fix="correct these rows, or leave unknown values empty",
        )
    return values


def _text_rows(raw: pd.Series, values: pd.Series) -> int:
    blank = raw.isna() | (raw.astype("str").str.strip() == "")
    return int((values.isna() & ~blank).sum())
