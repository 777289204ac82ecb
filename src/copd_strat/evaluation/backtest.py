"""One index date tried: features as they were known then, every candidate, and what the next year brought."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from copd_strat import clinical
from copd_strat.config import ClinicalSettings, RiskSettings
from copd_strat.engine import Engine, packaged_sql
from copd_strat.evaluation import measures
from copd_strat.evaluation.candidates import (
    OUTCOMES,
    Candidate,
    at_own_level,
    candidates,
    risks_in_use,
    sum_of_ranks,
)
from copd_strat.evaluation.followed import HORIZON_MONTHS, NextYear, months_after, next_year
from copd_strat.evaluation.known_then import known_then
from copd_strat.evaluation.measures import Measured, Trial
from copd_strat.evaluation.places import shared_places
from copd_strat.evaluation.policy_findings import (
    Placed,
    inside_clinic_list,
    policy_findings,
    ranking_findings,
)
from copd_strat.evaluation.subgroups import OVERALL, subgroups
from copd_strat.evaluation.withheld import withhold_small
from copd_strat.pathways.assign import assign
from copd_strat.pathways.capacity import capacity_groups, places_of_each
from copd_strat.pathways.policy import Policy
from copd_strat.pathways.references import make_references
from copd_strat.risk.own_model import OwnModel
from copd_strat.risk.parameters import Flags
from copd_strat.risk.register import recalibration_of, score_register

THRESHOLDS = np.round(np.arange(0.01, 0.61, 0.01), 2)
_TENTHS = 10


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a back-test tries: how people are scored, the site's policy first among ``policies``, and the
    key of references, which breaks ties."""

    clinical: ClinicalSettings
    risk: RiskSettings
    policies: tuple[Policy, ...]
    key: bytes
    own: Sequence[OwnModel] = ()


@dataclass(frozen=True, kw_only=True)
class BackTest:
    """An index date tried: one table a file, and what the record keeps.

    ``features``: one row a patient as known at the index; ``after``: what followed, in the same order.
    """

    index: date
    features: pd.DataFrame
    after: NextYear
    tables: dict[str, pd.DataFrame]
    record: dict[str, Any]


def features_then(engine: Engine, settings: ClinicalSettings, index: date) -> pd.DataFrame:
    """One row a patient on the register at ``index``, of what was known on that day alone."""
    # The extracts are complete past the index, whatever the estimate for their own end says.
    then = settings.model_copy(update={"gp_complete_to": index, "hospital_complete_to": index})
    with known_then(engine, index):
        clinical.build(engine, then, as_of=index, index=index)
        features = clinical.feature_table(engine)
        networks = engine.frame(packaged_sql("pathways", "networks"))
    return features.merge(networks, on="practice_id", how="left", validate="many_to_one")


def back_test(engine: Engine, asked: Asked, index: date) -> BackTest:
    """Try everything at ``index``; needs the canonical relations, code lists and ``keep_observed``."""
    features = features_then(engine, asked.clinical, index)
    after = next_year(engine, features, index)
    tried = candidates(features, asked.risk, [one.card for one in asked.own])
    placed = [_placed(features, asked, policy, index) for policy in asked.policies]
    for one in placed:
        tried.append(_as_candidate(one))
    groups = list(subgroups(features))
    trials = list(_trials(tried, after, placed[0]))
    in_use = risks_in_use(tried, asked.risk, asked.policies[0].ranking.model)
    baselines = [one for one in tried if one.name in ("last_year_count", "last_year_severe", "severe_ever")]
    side_by_side = [*_side_by_side(tried, asked, in_use), sum_of_ranks(in_use), *baselines]
    return BackTest(
        index=index,
        features=features,
        after=after,
        tables={
            "metrics": withhold_small(_metrics(trials, groups)),
            "calibration": _calibration(trials, groups),
            "decision_curve": _decision_curves(trials),
            "predictions": _predictions(features, trials, after),
            "policies": pd.concat([policy_findings(one, after) for one in placed], ignore_index=True),
            "rankings": ranking_findings(side_by_side, placed[0], after),
        },
        record=_record(index, features, after, tried)
        | {
            "policy": asked.policies[0].label,
            "in_use": {outcome: one.name for outcome, one in in_use.items()},
            "learned_from": _learned_from(asked, index),
            "inside_clinic_list": {
                name: None if np.isnan(end) else end
                for name, end in inside_clinic_list(placed[0], after)._asdict().items()
            },
        },
    )


def _learned_from(asked: Asked, index: date) -> list[str]:
    """Candidates that were fitted on the year after ``index``, or a later one: here they prove nothing."""
    fitted = {one.card.name: one.last_index for one in asked.own}
    if level := recalibration_of(asked.risk):
        fitted[at_own_level(level.model)] = max(map(date.fromisoformat, level.indexes))
    return sorted(name for name, last in fitted.items() if index < months_after(last, HORIZON_MONTHS))


def _side_by_side(tried: list[Candidate], asked: Asked, in_use: dict[str, Candidate]) -> Iterator[Candidate]:
    """The risks in use, and the site's own models that might be."""
    names = {one.name for one in in_use.values()} | {one.card.name for one in asked.own}
    return (one for one in tried if one.name in names)


def _placed(features: pd.DataFrame, asked: Asked, policy: Policy, index: date) -> Placed:
    """The policy from a clean slate: no stay-on, no answers, all places free."""
    named = next((one for one in asked.own if one.card.name == policy.ranking.model), None)
    scored = score_register(features, asked.risk, own=named)
    frame = features.merge(scored.scores, on="patient_id", validate="one_to_one")
    frame["patient_ref"] = make_references(frame, asked.key)
    patients = assign(frame, policy, as_of=index).patients
    ordered = patients.set_index("patient_id").loc[features["patient_id"]].reset_index()
    sharing = pd.Series(capacity_groups(ordered, policy.capacity))
    places = np.asarray(places_of_each(sharing, policy.capacity), dtype=np.float64)
    return Placed(policy=policy, patients=ordered, places=places, sharing=sharing)


def _as_candidate(placed: Placed) -> Candidate:
    """The policy as a prediction: in the clinic tier or not."""
    clinic = np.asarray(placed.patients["disposition"] == "clinic", dtype=np.float64)
    return Candidate(
        name=f"policy_{placed.policy.id}",
        title=f"Policy {placed.policy.label}: in the clinic tier",
        is_risk=False,
        predicted=dict.fromkeys(OUTCOMES, clinic),
    )


@dataclass(frozen=True, kw_only=True)
class _OneTrial:
    """A candidate's prediction of one outcome, of everybody; NaN where it has none."""

    candidate: Candidate
    outcome: str
    trial: Trial

    @property
    def scored(self) -> Flags:
        return ~np.isnan(self.trial.predicted)


def _trials(tried: list[Candidate], after: NextYear, placed: Placed) -> Iterator[_OneTrial]:
    for candidate in tried:
        for outcome, predicted in candidate.predicted.items():
            followed = after.of[outcome]
            chosen = shared_places(predicted, placed.sharing, placed.places)
            trial = Trial(predicted=predicted, event=followed.event, weight=followed.weight, chosen=chosen)
            yield _OneTrial(candidate=candidate, outcome=outcome, trial=trial)


def _metrics(trials: list[_OneTrial], groups: list[tuple[str, str, Flags]]) -> pd.DataFrame:
    rows = []
    for one in trials:
        kinds = measures.OF_AN_ORDER | (measures.OF_A_RISK if one.candidate.is_risk else {})
        for group_type, group_value, who in groups:
            where = {"group_type": group_type, "group_value": group_value}
            scored = one.trial.of(who & one.scored)
            rows += [_row(one, where, name, scored, kind(scored)) for name, kind in kinds.items()]
            everybody = one.trial.of(who)
            rows += [
                _row(one, where, name, everybody, kind(everybody))
                for name, kind in measures.OF_PLACES.items()
            ]
    return pd.DataFrame(rows)


def _row(one: _OneTrial, where: dict[str, str], metric: str, trial: Trial, found: Measured) -> dict[str, Any]:
    return {
        "model": one.candidate.name,
        "outcome": one.outcome,
        "horizon_months": HORIZON_MONTHS,
        **where,
        "metric": metric,
        **found._asdict(),
        "n": len(trial.event),
        "events": int(trial.event.sum()),
    }


def _calibration(trials: list[_OneTrial], groups: list[tuple[str, str, Flags]]) -> pd.DataFrame:
    """Mean prediction beside what came: by tenth of the prediction, and by group of people."""
    rows = []
    for one in trials:
        if not one.candidate.is_risk or not one.scored.any():
            continue
        rank = pd.Series(one.trial.predicted).rank(method="first", pct=True).to_numpy(dtype=float)
        tenths = np.ceil(np.nan_to_num(rank) * _TENTHS)
        parts = [(f"tenth {number:02d}", tenths == number) for number in range(1, _TENTHS + 1)]
        people = [(kind, value, who) for kind, value, who in groups if kind != OVERALL[0]]
        parts += [(f"{kind}: {value}", who & one.scored) for kind, value, who in people]
        rows += [_calibrated(one, group, one.trial.of(who)) for group, who in parts if who.any()]
    return pd.DataFrame(rows)


def _calibrated(one: _OneTrial, group: str, trial: Trial) -> dict[str, Any]:
    found = measures.share_of(trial.event.astype(float), trial.weight)
    return {
        "model": one.candidate.name,
        "outcome": one.outcome,
        "group": group,
        "mean_predicted": float(trial.predicted.mean()),
        "observed": found.value,
        "lower": found.lower,
        "upper": found.upper,
        "n": len(trial.event),
    }


def _decision_curves(trials: list[_OneTrial]) -> pd.DataFrame:
    parts = []
    for one in trials:
        scored = one.trial.of(one.scored)
        if not one.candidate.is_risk or not scored.weight.sum():
            continue
        benefit, treat_all = measures.net_benefit(scored, THRESHOLDS)
        parts.append(
            pd.DataFrame(
                {
                    "model": one.candidate.name,
                    "outcome": one.outcome,
                    "threshold": THRESHOLDS,
                    "net_benefit": benefit,
                    "treat_all": treat_all,
                    "n": len(scored.event),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def _predictions(features: pd.DataFrame, trials: list[_OneTrial], after: NextYear) -> pd.DataFrame:
    parts = [
        pd.DataFrame(
            {
                "patient_id": features["patient_id"].astype(str),
                "model": one.candidate.name,
                "outcome": one.outcome,
                "predicted": one.trial.predicted,
                "observed": one.trial.event,
                "followed_days": after.of[one.outcome].days,
                "ended_by": after.of[one.outcome].ended_by,
            }
        )[one.scored]
        for one in trials
        if one.candidate.is_risk
    ]
    return pd.concat(parts, ignore_index=True)


def _record(index: date, features: pd.DataFrame, after: NextYear, tried: list[Candidate]) -> dict[str, Any]:
    """What is kept of how it was done; numbers of people, never whose."""
    return {
        "index": index,
        "register": len(features),
        "follow_up": {outcome: after.of[outcome].ends for outcome in OUTCOMES},
        "models": {one.name: one.title for one in tried},
        "exacerbations_in_the_year": int(after.any_events.sum()),
        "severe_exacerbations_in_the_year": int(after.severe_events.sum()),
    }
