"""What a policy does to people whose next year is known: whom each rule, the threshold and the places reach."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from copd_strat.evaluation.candidates import ANY, OUTCOMES, SEVERE, Candidate
from copd_strat.evaluation.followed import NextYear
from copd_strat.evaluation.measures import Measured, Trial, c_statistic, sensitivity_at_capacity, share_of
from copd_strat.evaluation.places import shared_places
from copd_strat.pathways.conditions import evaluate
from copd_strat.pathways.fact_columns import Facts, patient_columns
from copd_strat.pathways.policy import Policy
from copd_strat.risk.parameters import Flags, Floats


@dataclass(frozen=True, kw_only=True)
class Placed:
    """A policy applied at the index from a clean slate: ``patients`` as ``pathways.assign`` gives them, put
    into the features' order; ``places`` a month and ``sharing``, who shares them, of each person."""

    policy: Policy
    patients: pd.DataFrame
    places: Floats
    sharing: pd.Series


def policy_findings(placed: Placed, after: NextYear) -> pd.DataFrame:
    """Rows of ``policies.parquet``: people, and how many of them had an event, by what the policy did."""
    groups = [*_rules(placed), *_dispositions(placed), *_long_ago(placed)]
    return pd.DataFrame([_row(placed, kind, name, who, after) for kind, name, who in groups])


def _rules(placed: Placed) -> Iterator[tuple[str, str, Flags]]:
    """Everybody whom a clinic rule finds, and those whom it alone finds."""
    facts = Facts(placed.patients, patient_columns())
    hits = {rule.id: evaluate(rule.when, facts).yes for rule in placed.policy.clinic}
    for name, hit in hits.items():
        others = [other for rule, other in hits.items() if rule != name]
        yield "rule", name, hit
        yield "rule_alone", name, hit & ~np.any([np.zeros(len(hit), dtype=bool), *others], axis=0)
    nobody = np.zeros(len(placed.patients), dtype=bool)
    sentinel, risk = (
        np.any([nobody, *(hits[rule.id] for rule in placed.policy.clinic if rule.sentinel == kind)], axis=0)
        for kind in (True, False)
    )
    yield "threshold", "found by a calculated risk", risk
    yield "threshold", "found by a calculated risk alone", risk & ~sentinel


def _dispositions(placed: Placed) -> Iterator[tuple[str, str, Flags]]:
    went = placed.patients["disposition"].astype(str).to_numpy()
    for name in sorted(set(went)):
        yield "disposition", name, went == name
    place = placed.patients["place"].astype(object).fillna("").to_numpy()
    for name in ("clinic", "reserve"):
        yield "place", name, place == name
    rank = placed.patients["rank"].astype("Float64").to_numpy(dtype=float, na_value=np.nan)
    fourths = (
        pd.Series(rank)
        .where(went == "clinic")
        .groupby(placed.patients["practice_id"].to_numpy())
        .rank(pct=True)
    )
    for number in range(1, 5):
        yield "clinic_list_fourth", f"{number}", (np.ceil(fourths * 4) == number).to_numpy()


def _long_ago(placed: Placed) -> Iterator[tuple[str, str, Flags]]:
    """Left to self-management, by whether a severe exacerbation lies more than a year back."""
    patients = placed.patients
    lower = (patients["disposition"].astype(str) == "self_management").to_numpy()
    ever = patients["severe_ever"].astype("boolean").fillna(False).to_numpy(dtype=bool)
    yield "self_management", "severe exacerbation more than a year ago", lower & ever
    yield "self_management", "never a severe exacerbation", lower & ~ever


def _row(placed: Placed, kind: str, name: str, who: Flags, after: NextYear) -> dict[str, Any]:
    before = placed.patients["exacerbations_12m"].astype("Float64").to_numpy(dtype=float, na_value=np.nan)
    severe = after.of[SEVERE]
    share = share_of(severe.event[who].astype(float), severe.weight[who])
    return {
        "policy": placed.policy.label,
        "kind": kind,
        "group": name,
        "people": int(who.sum()),
        "with_any": int(after.of[ANY].event[who].sum()),
        "with_severe": int(severe.event[who].sum()),
        "severe_share": share.value,
        "severe_lower": share.lower,
        "severe_upper": share.upper,
        # a year before against the year after, in the same people: how far numbers fall without any clinic
        "exacerbations_before": _mean(before[who & ~np.isnan(before)]),
        "exacerbations_after": _mean(after.any_events[who & ~np.isnan(before)]),
    }


def inside_clinic_list(placed: Placed, after: NextYear) -> Measured:
    """Does the place in the clinic list tell who will have a severe event? Its c-statistic among those listed.

    Places of different practices compare by the share of the list that stands below them.
    """
    went = (placed.patients["disposition"].astype(str) == "clinic").to_numpy()
    rank = placed.patients["rank"].astype("Float64").to_numpy(dtype=float, na_value=np.nan)
    share = pd.Series(rank).where(went).groupby(placed.patients["practice_id"].to_numpy()).rank(pct=True)
    above: Floats = np.asarray(1 - share, dtype=np.float64)
    severe = after.of[SEVERE]
    trial = Trial(predicted=above, event=severe.event, weight=severe.weight, chosen=np.zeros(len(above)))
    return c_statistic(trial.of(went & ~np.isnan(above)))


def _mean(values: np.typing.NDArray[Any]) -> float:
    return float(values.mean()) if len(values) else np.nan


def ranking_findings(options: list[Candidate], placed: Placed, after: NextYear) -> pd.DataFrame:
    """Ways to rank side by side, on the same people: those whom every one of them can rank."""
    rankable = np.all([~np.isnan(o.predicted[outcome]) for o in options for outcome in o.predicted], axis=0)
    rows = []
    for option in options:
        for by, value in option.predicted.items() if option.is_risk else [("both", option.predicted[SEVERE])]:
            chosen = shared_places(np.where(rankable, value, np.nan), placed.sharing, placed.places)
            rows += [_ranked(option, by, o, value, chosen, rankable, after) for o in OUTCOMES]
    return pd.DataFrame(rows)


def _ranked(
    option: Candidate, by: str, outcome: str, value: Floats, chosen: Floats, who: Flags, after: NextYear
) -> dict[str, Any]:
    followed = after.of[outcome]
    trial = Trial(predicted=value, event=followed.event, weight=followed.weight, chosen=chosen).of(who)
    order, found = c_statistic(trial), sensitivity_at_capacity(trial)
    return {
        "ranked_by": option.title if by == "both" else f"{option.title}, {by.replace('_', ' ')}",
        "outcome": outcome,
        "c_statistic": order.value,
        "c_lower": order.lower,
        "c_upper": order.upper,
        "found_at_capacity": found.value,
        "found_lower": found.lower,
        "found_upper": found.upper,
        "n": int(who.sum()),
        "events": int(trial.event.sum()),
    }
