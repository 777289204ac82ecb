"""Which disposition, by which rule: exclusions, decisions, clinic rules, stay-on, the lower tier, else
review.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from copd_strat.pathways.conditions import evaluate
from copd_strat.pathways.fact_columns import Days, Facts, Flags, Objects, day
from copd_strat.pathways.feedback import InForce
from copd_strat.pathways.policy import Policy, PolicyRule
from copd_strat.pathways.previous_night import PreviousState


@dataclass(frozen=True)
class Judgement:
    """Each patient's disposition and what led there. Hits are keyed by rule id, in the policy's order."""

    disposition: Objects
    excluded_by: dict[str, Flags]
    clinic_by: dict[str, Flags]
    sentinel: Flags
    stays: Flags
    clear: Flags
    below_since: Days
    held_off: Flags
    sent_to_review: Flags
    in_hand_by: dict[str, Flags]
    in_hand: Flags

    def is_in(self, *dispositions: str) -> Flags:
        return np.isin(self.disposition.astype(str), dispositions)


def judge(facts: Facts, policy: Policy, before: PreviousState, feedback: InForce, as_of: date) -> Judgement:
    """Only a rule known to hold moves anybody: what cannot be said never counts as no (docs/decisions.md
    §16-18).
    """
    excluded_by = _hits(policy.exclusions, facts)
    clinic_by = _hits(policy.clinic, facts)
    in_hand_by = _hits(policy.in_hand, facts)
    excluded, meets = _any(excluded_by, facts), _any(clinic_by, facts)
    clear, below_since, stays = _stay_on(facts, policy, before, meets, as_of)
    clinic = (meets | stays) & ~excluded
    held_off = clinic & (feedback.effect == "not_listed")
    sent_to_review = clinic & (feedback.effect == "clinical_review")
    lower = evaluate(policy.self_management.when, facts).yes
    disposition = np.select(
        [excluded | held_off, sent_to_review, clinic, lower],
        ["not_listed", "clinical_review", "clinic", "self_management"],
        default="clinical_review",
    ).astype(object)
    return Judgement(
        disposition=disposition,
        excluded_by=excluded_by,
        clinic_by=clinic_by,
        sentinel=_any({r.id: clinic_by[r.id] for r in policy.clinic if r.sentinel}, facts),
        stays=stays & (disposition == "clinic"),
        clear=clear,
        below_since=below_since,
        held_off=held_off,
        sent_to_review=sent_to_review,
        in_hand_by=in_hand_by,
        in_hand=_any(in_hand_by, facts) | (feedback.effect == "keep_without_place"),
    )


def _hits(rules: tuple[PolicyRule, ...], facts: Facts) -> dict[str, Flags]:
    return {rule.id: evaluate(rule.when, facts).yes for rule in rules}


def _any(hits: dict[str, Flags], facts: Facts) -> Flags:
    return np.asarray(np.any(np.vstack([np.zeros(len(facts), dtype=bool), *hits.values()]), axis=0))


def _stay_on(
    facts: Facts, policy: Policy, before: PreviousState, meets: Flags, as_of: date
) -> tuple[Flags, Days, Flags]:
    """Clear of the clinic tier today, since when, and who stays although no rule holds.

    Days are counted from the first run that found the patient clear; a rule that holds again starts them
    anew, and so does a record that can no longer say.
    """
    was_clinic = np.asarray(before.was == "clinic", dtype=bool)
    clear = was_clinic & ~meets & evaluate(policy.leave_when, facts).yes
    started = np.where(np.isnat(before.below_since), day(as_of), before.below_since)
    below_since = np.where(clear, started, np.datetime64("NaT", "D"))
    served = (day(as_of) - below_since) >= np.timedelta64(policy.stay_on.for_days, "D")
    return clear, below_since, was_clinic & ~meets & ~served
