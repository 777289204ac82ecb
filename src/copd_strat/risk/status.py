"""Which rows can be scored, and what to say of each one."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from copd_strat.risk.model_card import Model, Predictor
from copd_strat.risk.parameters import Flags

SCORED = "scored"
# What a status says to a clinician, by its first word.
_IN_WORDS = {
    "missing_required": "not on record: ",
    "out_of_range": "outside the range that the equation was made for: ",
    "inconsistent": "the record contradicts itself: ",
    "not_applicable": "the model does not apply: ",
    "severe_above_any": "the risk of a severe exacerbation is above that of any",
}


def status_in_words(status: str) -> str:
    """``missing_required: FEV1`` as "not on record: FEV1", part by part."""
    return "; ".join(map(_part_in_words, status.split("; ")))


def _part_in_words(part: str) -> str:
    kind, _, rest = part.partition(": ")
    return _IN_WORDS[kind] + rest if kind in _IN_WORDS else part.replace("_", " ")


def named(flags: Mapping[str, Flags], index: pd.Index) -> pd.Series:
    """For each row of ``index`` the names whose flag is set, separated by ", "; empty where none is.

    Rows share few combinations, so each combination's text is made once.
    """
    bits = np.zeros(len(index), dtype=np.int64)
    for position, flag in enumerate(flags.values()):
        bits |= flag.astype(np.int64) << position
    combinations, which = np.unique(bits, return_inverse=True)
    texts = [
        ", ".join(name for position, name in enumerate(flags) if combination >> position & 1)
        for combination in combinations.tolist()
    ]
    return pd.Series(pd.array(texts, dtype="str").take(which), index=index)


def missing_flags(model: Model, predictors: pd.DataFrame) -> dict[str, Flags]:
    """For each required predictor (by name) the rows that lack it; alternatives count as one, "a or b"."""
    absent = predictors.isna()
    flags = {p.name: absent[p.name].to_numpy() for p in model.predictors if p.required}
    if model.one_of:
        flags[" or ".join(model.one_of)] = absent[list(model.one_of)].all(axis=1).to_numpy()
    return flags


def invalid_flags(model: Model, predictors: pd.DataFrame) -> dict[str, Flags]:
    """Rows no equation can take: a count that is none, or one above the count that contains it."""
    flags: dict[str, Flags] = {}
    for predictor in model.predictors:
        if predictor.count:
            values = predictors[predictor.name].to_numpy()
            flags[f"{predictor.name} is not a count"] = (values < 0) | (values % 1 > 0)
    for part, whole in model.at_most:
        flags[f"{part} > {whole}"] = (predictors[part] > predictors[whole]).to_numpy()
    return flags


def out_of_range_flags(model: Model, predictors: pd.DataFrame) -> dict[str, Flags]:
    """Rows whose value lies outside the documented range, by predictor."""
    ranged = (p for p in model.predictors if p.low is not None or p.high is not None)
    return {p.name: _outside(p, predictors[p.name]) for p in ranged}


def _outside(predictor: Predictor, values: pd.Series) -> Flags:
    below = values < (-np.inf if predictor.low is None else predictor.low)
    above = values > (np.inf if predictor.high is None else predictor.high)
    return (below | above).to_numpy()


def joined(*parts: pd.Series) -> pd.Series:
    """The parts that are not empty, joined by "; ", row by row."""
    result = parts[0]
    for part in parts[1:]:
        glue = np.where((result != "") & (part != ""), "; ", "")
        result = result + glue + part
    return result


def prefixed(prefix: str, text: pd.Series) -> pd.Series:
    """``prefix`` before each text that is not empty."""
    return (prefix + text).where(text != "", "")
