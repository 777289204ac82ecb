"""A site's own model as a file: a scorecard with where it comes from. Read as data, never run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from copd_strat.contracts.own_tables import own_table
from copd_strat.errors import ModelError
from copd_strat.risk.scorecard import Scorecard, ScoredFeature, scorecard
from copd_strat.risk.sealed_files import SEAL, read_sealed

KIND = "scorecard"
# After so many years the people and their care are others (project choice, needs sign-off).
LONGEST_YEARS = 5
_AGAIN = "train it again with 'copd-strat train'"


@dataclass(frozen=True, kw_only=True)
class OwnModel:
    """A scorecard that fits this program's features. ``last_index``: end of the latest features it was
    trained on; ``raw``: the whole file."""

    card: Scorecard
    seal: str
    last_index: date
    raw: dict[str, Any]

    @property
    def label(self) -> str:
        return f"{self.card.name} ({self.seal[:8]})"

    def require_window(self, index: date) -> None:
        """ModelError if it was trained on what comes after ``index``, or too long before it."""
        if not self.last_index < index <= _years_later(self.last_index, LONGEST_YEARS):
            raise ModelError(
                f"{self.card.name}: trained on features up to {self.last_index}, which does not fit an index of "
                f"{index}: it must be later, and by at most {LONGEST_YEARS} years",
                fix=_AGAIN,
            )


def load_own(path: Path) -> OwnModel:
    """The model in ``path``; ModelError if it is altered, foreign, or made for other features."""
    raw = read_sealed(path, KIND)
    card = scorecard(raw)
    contract = own_table("internal", "features")
    try:
        version, last = (
            raw["training"]["features_version"],
            date.fromisoformat(raw["training"]["indexes"][-1]),
        )
    except (KeyError, TypeError, ValueError, IndexError):
        raise ModelError(f"{path}: it does not say what it was trained on", fix=_AGAIN) from None
    if version != contract.version:
        raise ModelError(
            f"{path}: made for version {version} of the features, this program has {contract.version}",
            fix=_AGAIN,
        )
    known = {column.name for column in contract.columns}
    strange = sorted(feature.feature for feature in card.features if feature.feature not in known)
    if strange:
        raise ModelError(
            f"{path}: {len(strange)} of its features do not exist here, first {strange[0]}", fix=_AGAIN
        )
    return OwnModel(card=card, seal=raw[SEAL], last_index=last, raw=raw)


def load_all(paths: Sequence[Path]) -> list[OwnModel]:
    """All of them; ModelError if two share a name."""
    models = [load_own(path) for path in paths]
    names = [model.card.name for model in models]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ModelError(f"risk.scorecards: two models are called {twice[0]}", fix="keep one of them")
    return models


def _years_later(day: date, years: int) -> date:
    return date(day.year + years, day.month, min(day.day, 28))


def reasons_of(card: Scorecard, features: pd.DataFrame) -> pd.DataFrame:
    """Exact reasons: every term of the score less the reference patient's, largest first.

    Columns as in the contract of reasons; a patient's contributions add up to their log-odds less the
    reference patient's.
    """
    values = card.contributions(features)
    parts = [_rows(feature, features, values[feature.feature]) for feature in card.features]
    rows = pd.concat(parts, ignore_index=True)
    patient = np.tile(np.arange(len(features)), len(parts))
    order = np.lexsort((-rows["contribution"].abs().to_numpy(), patient))
    rows = rows.iloc[order].reset_index(drop=True)
    rows["position"] = np.tile(np.arange(1, len(parts) + 1, dtype=np.int32), len(features))
    return rows


def _rows(feature: ScoredFeature, features: pd.DataFrame, contribution: pd.Series) -> pd.DataFrame:
    value = feature.numbers(features[feature.feature])
    text = feature.label + ": " + value.map(lambda number: "not known" if np.isnan(number) else f"{number:g}")
    return pd.DataFrame(
        {
            "patient_id": features["patient_id"].to_numpy(),
            "group": feature.group,
            "predictor": feature.feature,
            "text": text.to_numpy(),
            "value": value.to_numpy(),
            "value_date": pd.Series(pd.NaT, index=range(len(features)), dtype="datetime64[us]"),
            "contribution": contribution.to_numpy(),
        }
    )


def risk_and_rate(card: Scorecard, features: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """The card's risk, and the yearly rate that goes with it, aligned with ``features``."""
    risk = pd.Series(card.probability(features), index=features.index)
    return risk, pd.Series(-np.log1p(-risk.to_numpy()), index=features.index)


def show_text(model: OwnModel) -> str:
    """The model as a page that a clinician can read: what each value adds, and how it did."""
    raw, card, training = model.raw, model.card, model.raw["training"]
    lines = [
        f"{card.name}: {card.title}",
        f"  outcome: {card.outcome.replace('_', ' ')} in {card.horizon}",
        f"  trained on: index dates {', '.join(training['indexes'])}; {training['people']:,} people-years, "
        f"{training['events']:,} events; tried on {training['held_out']}",
        f"  made by: version {training['version']}, seed {training['seed']}, hash {model.seal[:16]}",
        "  how it did on the year that it had not seen (95 % interval):",
    ]
    for name, found in raw["performance"].items():
        figures = ", ".join(
            f"{metric.replace('_', ' ')} {_interval(value)}" for metric, value in found.items()
        )
        lines.append(f"    {name}: {figures}")
    start = 100 / (1 + np.exp(-card.intercept))
    lines.append(
        f"  start from log-odds {card.intercept:+.2f}, a risk of {start:.1f} in 100, and add one line of each;"
    )
    lines.append("  +0.69 doubles the odds, -0.69 halves them:")
    for feature in card.features:
        lines += _shown(feature)
    return "\n".join(lines)


def _shown(feature: ScoredFeature) -> list[str]:
    ends = [f"up to {edge:g}" for edge in feature.edges] + [
        f"above {feature.edges[-1]:g}" if feature.edges else "any"
    ]
    if len(ends) == 2 and own_table("internal", "features").column(feature.feature).type == "boolean":
        ends = ["no", "yes"]
    rows = [f"      {end:<18}{odds:+.2f}" for end, odds in zip(ends, feature.log_odds, strict=True)]
    return [f"    {feature.label}", *rows, f"      {'not known':<18}{feature.missing:+.2f}"]


def _interval(value: Any) -> str:
    if isinstance(value, int):
        return f"{value:,}"
    return "not known" if value[0] is None else "{:.2f} ({:.2f} to {:.2f})".format(*value)
