"""What every model is: its predictors, where it holds, where it comes from, and one function that scores."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True, kw_only=True)
class Options:
    """What some models must be told beside the table.

    country: ISO 3166 alpha-3 code (ACCEPT 3). observed_risk: a country's observed share of patients with a
    moderate or severe exacerbation in a year (ACCEPT 3 elsewhere). edition: of GOLD ABE.
    """

    country: str | None = None
    observed_risk: float | None = None
    edition: str = "2023"


@dataclass(frozen=True, kw_only=True)
class Predictor:
    """One column a model reads.

    name: the column, as the model's authors call it. label: in plain English. low, high: the documented
    range; values outside are scored as the authors do and named in the status. count: must be a whole number,
    0 or more. feature: the column of the features table that holds it; convert: from the features table,
    where the feature's own coding differs.
    """

    name: str
    label: str
    low: float | None = None
    high: float | None = None
    required: bool = True
    count: bool = False
    feature: str | None = None
    convert: Callable[[pd.DataFrame], pd.Series] | None = None


@dataclass(frozen=True, kw_only=True)
class Model:
    """A model and its card.

    one_of: predictors of which one suffices. at_most: pairs (a, b) where a > b is inconsistent, so not
    scored. score: from the predictors (one float column each, scorable rows only) to the output columns, with
    the same index; it may add ``imputed`` (names of the predictors filled in) and ``status`` (where it has
    its own to report).
    """

    name: str
    title: str
    outcome: str
    horizon: str
    care_setting: str
    predictors: tuple[Predictor, ...]
    outputs: tuple[str, ...]
    score: Callable[[pd.DataFrame, Options], pd.DataFrame]
    missing: str
    source: str
    licence: str
    performance: str
    one_of: tuple[str, ...] = ()
    at_most: tuple[tuple[str, str], ...] = ()
    notes: str = ""


GPL_ORIGIN = "the authors' R package is GPL-3; this is a new implementation of the published equation, MIT"
POINT_SCORE = "a published point score; no code or table of others is contained"
NOT_FOUND = "not found"
EITHER_SETTING = "primary or hospital care"
REQUIRED_ONLY = "a row that lacks a required predictor is not scored"
