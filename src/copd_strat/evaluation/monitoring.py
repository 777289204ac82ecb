"""Is the model still used on the people it was tried on? Features, scores and tiers against a reference.

The reference is the first run under the same model and policy; each run hands it on. A difference that chance
could make in so few people never counts. The thresholds are the site's (``monitoring`` in the configuration).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import chi2

from copd_strat.config import MonitoringSettings
from copd_strat.errors import RunGuardError
from copd_strat.pathways.policy import DISPOSITIONS
from copd_strat.quality import Finding, Section
from copd_strat.risk import predictors
from copd_strat.risk.model_card import Model
from copd_strat.risk.parameters import Floats

SCORES = ("risk_any_12m", "risk_severe_12m")
_TENTHS = np.arange(0.1, 1.0, 0.1)
# How far chance alone may carry a figure: for a share standard deviations, as in the run guard.
_CHANCE, _SELDOM = 3.5, 1e-4


@dataclass(frozen=True, kw_only=True)
class ColumnSpread:
    """How a column's values are spread: the share in each bin, and the share that is missing.

    ``edges`` part numbers into bins; words are bins by their names.
    """

    edges: tuple[float, ...]
    shares: Mapping[str, float]
    missing: float

    def to_json(self) -> dict[str, Any]:
        return {"edges": list(self.edges), "shares": dict(self.shares), "missing": self.missing}


def spread_of(column: pd.Series, edges: tuple[float, ...] | None = None) -> ColumnSpread:
    """The spread of ``column``; numbers are cut at ``edges``, by default at their own tenths."""
    known = column[column.notna()]
    if pd.api.types.is_numeric_dtype(column.dtype) or pd.api.types.is_bool_dtype(column.dtype):
        values = predictors.numbers(known).to_numpy(dtype=float)
        cuts = _own_tenths(values) if edges is None else edges
        bins = pd.Series(np.searchsorted(cuts, values, side="left")).map(lambda n: f"bin {n:02d}")
    else:
        cuts, bins = (), known.astype(str)
    counts = bins.value_counts()
    shares = {str(name): float(n / max(len(known), 1)) for name, n in sorted(counts.items())}
    return ColumnSpread(
        edges=cuts, shares=shares, missing=float(column.isna().mean()) if len(column) else 0.0
    )


def _own_tenths(values: Floats) -> tuple[float, ...]:
    """Between tenths of the values, each edge once; whole numbers such as counts get fewer."""
    if not len(values):
        return ()
    return tuple(float(edge) for edge in np.unique(np.quantile(values, _TENTHS, method="inverted_cdf")))


def psi(before: Mapping[str, float], now: Mapping[str, float], n_before: int, n_now: int) -> float:
    """Population stability index, less what chance makes of it in so few people; 0 is no change.

    An empty bin counts as half a person. By chance the index is a chi-squared of bins - 1 times 1/n + 1/m
    (Yurdakul 2018, Western Michigan University, dissertation 3208); what it passes once in 10,000 comparisons
    is taken off, since a night makes some thirty.
    """
    names = sorted(before.keys() | now.keys())
    if len(names) < 2 or not n_before or not n_now:
        return 0.0
    was = np.array([max(before.get(name, 0.0), 0.5 / n_before) for name in names])
    became = np.array([max(now.get(name, 0.0), 0.5 / n_now) for name in names])
    index = float(np.sum((became - was) * np.log(became / was)))
    free, unit = len(names) - 1, 1 / n_before + 1 / n_now
    return float(max(index - chi2.ppf(1 - _SELDOM, free) * unit, 0.0))


@dataclass(frozen=True, kw_only=True)
class Reference:
    """What later runs are compared with."""

    since: date
    model: str
    policy: str
    people: int
    columns: Mapping[str, ColumnSpread]
    tiers: Mapping[str, float]

    def to_json(self) -> dict[str, Any]:
        """What the manifest keeps; the next night is given it back."""
        columns = {name: spread.to_json() for name, spread in self.columns.items()}
        return {
            "since": self.since.isoformat(),
            "model": self.model,
            "policy": self.policy,
            "people": self.people,
            "columns": columns,
            "tiers": dict(self.tiers),
        }


def reference_from(raw: Mapping[str, Any]) -> Reference:
    """A reference out of a manifest."""
    columns = {
        name: ColumnSpread(edges=tuple(one["edges"]), shares=one["shares"], missing=one["missing"])
        for name, one in raw["columns"].items()
    }
    return Reference(
        since=date.fromisoformat(raw["since"]),
        model=raw["model"],
        policy=raw["policy"],
        people=raw["people"],
        columns=columns,
        tiers=raw["tiers"],
    )


def watched(ranking_model: Model) -> tuple[str, ...]:
    """The columns of one row a patient whose spread is watched."""
    return (*(p.feature for p in ranking_model.predictors if p.feature is not None), *SCORES)


def take_figures(
    patients: pd.DataFrame,
    ranking_model: Model,
    *,
    as_of: date,
    model: str,
    policy: str,
    like: Reference | None = None,
) -> Reference:
    """Tonight's spread of the ranking model's features, of the scores and of the tiers.

    ``patients``: one row a patient with features, risk and disposition. ``like``: the reference whose bins are
    to be used.
    """
    columns = {
        name: spread_of(patients[name], like.columns[name].edges if like and name in like.columns else None)
        for name in watched(ranking_model)
    }
    went = patients["disposition"].value_counts()
    tiers: dict[str, float] = {
        name: float(went.get(name, 0)) / max(len(patients), 1) for name in DISPOSITIONS
    }
    return Reference(
        since=as_of, model=model, policy=policy, people=len(patients), columns=columns, tiers=tiers
    )


def fitting(
    last: Mapping[str, Any], model: str, policy: str, settings: MonitoringSettings
) -> Reference | None:
    """The reference that the last run handed on, if it is still one: same model and policy, not renewed."""
    if not last:
        return None
    found = reference_from(last)
    same = found.model == model and found.policy == policy
    renewed = settings.reference_since is not None and found.since < settings.reference_since
    return found if same and not renewed else None


@dataclass(frozen=True, kw_only=True)
class Monitored:
    """What monitoring came to: findings for the verdict, tables for its page, and what the manifest keeps."""

    findings: tuple[Finding, ...]
    sections: tuple[Section, ...]
    figures: Mapping[str, str]
    kept: Mapping[str, Any]

    def record(self) -> dict[str, Any]:
        return {"monitoring": dict(self.kept)}


@dataclass(frozen=True, kw_only=True)
class Drift:
    """How far one figure moved, and the thresholds that are the site's."""

    subject: str
    measure: str
    before: float | None
    now: float
    moved: float
    warn: float
    stop: float

    @property
    def weight(self) -> str | None:
        if self.moved > self.stop:
            return "stop"
        return "warn" if self.moved > self.warn else None


def drifts(reference: Reference, tonight: Reference, settings: MonitoringSettings) -> Iterator[Drift]:
    """Every comparison with the reference."""
    for name, before in reference.columns.items():
        now = tonight.columns[name]
        index = psi(before.shares, now.shares, reference.people, tonight.people)
        yield Drift(
            subject=name, measure="stability index", before=None, now=index, moved=index,
            warn=settings.psi_warn, stop=settings.psi_stop,
        )  # fmt: skip
        yield _share_drift(
            name, "share missing", before.missing, now.missing, (reference, tonight),
            (settings.missing_warn, settings.missing_stop),
        )  # fmt: skip
    for name, share in reference.tiers.items():
        yield _share_drift(
            name, "share of the register", share, tonight.tiers[name], (reference, tonight),
            (settings.tier_warn, settings.tier_stop),
        )  # fmt: skip


def _share_drift(
    subject: str,
    measure: str,
    before: float,
    now: float,
    sides: tuple[Reference, Reference],
    limits: tuple[float, float],
) -> Drift:
    """A change of a share, less what chance makes of it."""
    pooled = (before + now) / 2
    chance = _CHANCE * np.sqrt(pooled * (1 - pooled) * sum(1 / max(side.people, 1) for side in sides))
    moved = max(abs(now - before) - chance, 0.0)
    warn, stop = limits
    return Drift(
        subject=subject, measure=measure, before=before, now=now, moved=float(moved), warn=warn, stop=stop
    )


def as_finding(found: Drift, since: date) -> Finding:
    """One sentence for the verdict."""
    was = "" if found.before is None else f", {100 * found.before:.1f} % at the reference"
    value = f"{found.now:.2f}" if found.before is None else f"{100 * found.now:.1f} %"
    return Finding(
        cause="the people scored are not those of the reference",
        subject=found.subject,
        weight="stop" if found.weight == "stop" else "warn",
        sentence=f"{found.subject}: {found.measure} {value}{was} (reference of {since})",
        fix="look for a changed feed, code list or population; once the change is understood and meant, set "
        "monitoring.reference_since",
        figures={"now": found.now, "moved": found.moved, "warn": found.warn, "stop": found.stop},
        exit_code=RunGuardError.exit_code,
    )


def drift_section(all_drifts: list[Drift], since: date, *, fresh: bool) -> Section:
    """Every comparison, whether or not it stands out."""
    introduction = (
        "This run is the reference: later runs under the same model and policy are compared with it."
        if fresh
        else f"Compared with the reference of {since}. A stability index (PSI) is less what chance makes of it; "
        "0.1 is usually called a shift worth a look, 0.25 a large one."
    )
    return Section(
        title="Monitoring: features, scores and tiers",
        introduction=introduction,
        columns=("what", "measured", "at the reference", "tonight", "warns above", "stops above"),
        rows=tuple((d.subject, d.measure, d.before, round(d.now, 4), d.warn, d.stop) for d in all_drifts),
    )
