"""Exactly one disposition a patient, ranked, cut to capacity, explained, and compared with last time."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from copd_strat.pathways import explaining
from copd_strat.pathways.capacity import give_places, rank_order, ranks
from copd_strat.pathways.changes import change_words, diff
from copd_strat.pathways.fact_columns import Facts, Objects, patient_columns
from copd_strat.pathways.feedback import InForce, in_force
from copd_strat.pathways.judging import Judgement, judge
from copd_strat.pathways.policy import Policy
from copd_strat.pathways.previous_night import history_of, previous_state


@dataclass(frozen=True)
class Assignment:
    """``patients``: the input with the pathway columns, one row a patient, by practice and reference.
    ``changes``: as ``diff`` gives them. ``history``: what the next run wants as ``previous``."""

    patients: pd.DataFrame
    changes: pd.DataFrame
    history: pd.DataFrame


def assign(
    patients: pd.DataFrame,
    policy: Policy,
    *,
    as_of: date,
    previous: pd.DataFrame | None = None,
    decisions: pd.DataFrame | None = None,
    reasons: pd.DataFrame | None = None,
    left: pd.DataFrame | None = None,
    moved: Set[str] = frozenset(),
) -> Assignment:
    """Give every row of ``patients`` its place under ``policy`` on the run date ``as_of``.

    ``patients``: features and risk columns with patient_ref, one row a patient. ``previous``: the last run's
    history. ``decisions``: clinicians' decisions. ``reasons``: the risk room's long table. ``left``:
    patient_id and reason of those who left the register. ``moved``: patients who are with another practice, where
    ``patients`` are some practices' only. Added columns: disposition, route, sentinel, rank,
    place, reason_codes, why_1 … why_3, data_warnings, change, suggested_action and the policy's flags. Row
    order does not matter.
    """
    frame = patients.sort_values(["practice_id", "patient_ref"], ignore_index=True)
    if frame["patient_id"].duplicated().any():
        raise ValueError("patients: one row a patient is expected")
    facts = Facts(frame, patient_columns())
    before = previous_state(frame, previous)
    feedback = in_force(frame, facts, decisions, policy, as_of)
    judgement = judge(facts, policy, before, feedback, as_of)
    stay_sentences = explaining.stay_on_sentences(policy, judgement, before, as_of)
    order = rank_order(frame, facts, judgement.disposition, policy)
    place, given_on = give_places(frame, judgement, before, order, policy.capacity, as_of)
    placed = _explained(frame, facts, policy, judgement, feedback, reasons, stay_sentences, place)
    placed["rank"] = _ranks_of_listed(frame, judgement, order)
    placed["place"] = place
    placed["change"] = change_words(placed, before, _left_for(policy, judgement, feedback))
    full = pd.concat([frame.drop(columns=list(placed.columns), errors="ignore"), _typed(placed)], axis=1)
    history = history_of(full, before, judgement.below_since, given_on, as_of, policy.label)
    return Assignment(patients=full, changes=diff(previous, full, left, moved), history=history)


def _explained(
    frame: pd.DataFrame,
    facts: Facts,
    policy: Policy,
    judgement: Judgement,
    feedback: InForce,
    reasons: pd.DataFrame | None,
    stay_sentences: Objects,
    place: Objects,
) -> pd.DataFrame:
    """Disposition, route and all words, one row a patient."""
    needs = explaining.need_hits(facts, policy)
    hits = explaining.route_hits(facts, policy, judgement)
    risk_reasons = explaining.top_risk_reasons(reasons, frame, policy, judgement)
    lines = explaining.whys(facts, policy, judgement, feedback, risk_reasons, stay_sentences)
    warned = explaining.say_needs(policy, judgement, needs, lines)
    return pd.DataFrame(
        {
            "disposition": judgement.disposition,
            "route": explaining.routes(policy, judgement, hits),
            "sentinel": judgement.sentinel,
            "reason_codes": explaining.reason_codes(facts, judgement, feedback, needs, hits),
            **{f"why_{n}": line for n, line in enumerate(lines.lines, start=1)},
            "data_warnings": explaining.data_warnings(facts, policy, judgement, warned),
            "suggested_action": explaining.suggested_actions(
                facts, policy, judgement, feedback, needs, hits, place
            ),
            **explaining.flags(facts, policy, judgement),
        }
    )


def _ranks_of_listed(
    frame: pd.DataFrame, judgement: Judgement, order: np.ndarray[tuple[int, ...], np.dtype[np.intp]]
) -> pd.Series[int]:
    rank = pd.Series(ranks(frame, judgement.disposition, order), dtype="Int32")
    return rank.mask(judgement.is_in("not_listed"))


def _left_for(policy: Policy, judgement: Judgement, feedback: InForce) -> Objects:
    """Why somebody is not listed: the exclusion, else the decision."""
    left_for = np.where(judgement.held_off, feedback.says, "").astype(object)
    for rule in reversed(policy.exclusions):
        left_for[judgement.excluded_by[rule.id]] = rule.id.replace("_", " ")
    return left_for


def _typed(placed: pd.DataFrame) -> pd.DataFrame:
    texts = {name: "str" for name in placed.columns if name not in ("sentinel", "rank")}
    return placed.astype({**texts, "sentinel": "bool"})
