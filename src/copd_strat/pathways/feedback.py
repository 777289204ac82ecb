"""Clinicians' decisions read back from returned lists: checked, and held for as long as the policy says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from copd_strat.pathways.fact_columns import Days, Facts, Flags, Objects, day, days, known, objects
from copd_strat.pathways.policy import DECISIONS, DecisionEffect, Policy
from copd_strat.pathways.references import normalise_reference

DECISION_COLUMNS = ("practice_id", "patient_ref", "run_id", "decision", "reason", "decided_on")
# of two decisions made on one day the more cautious one counts
_CAUTION = {"accepted": 0, "already_known": 1, "declined": 2, "wrong": 3}


@dataclass(frozen=True)
class Feedback:
    """``accepted`` decisions in normal form; ``refused`` ones with the problem (columns of both: as read)."""

    accepted: pd.DataFrame
    refused: pd.DataFrame


def validate_decisions(decisions: pd.DataFrame, as_of: date) -> Feedback:
    """Split ``decisions`` (columns as in DECISION_COLUMNS) into usable ones and refused ones.

    A decision is written in any case, with spaces or underscores; "wrong because …" is ``wrong`` with that
    reason. Refused: another word, a reference whose check character does not fit, no date, a date after
    ``as_of``.
    """
    frame = decisions.reindex(columns=list(DECISION_COLUMNS)).reset_index(drop=True).astype(object)
    words = frame["decision"].map(_as_text).str.strip().str.lower().str.replace(r"[\s_-]+", "_", regex=True)
    because = words.str.startswith("wrong_because")
    frame["reason"] = frame["reason"].where(~because | frame["reason"].notna(), frame["decision"])
    frame["decision"] = words.where(~because, "wrong")
    frame["patient_ref"] = frame["patient_ref"].map(lambda ref: normalise_reference(_as_text(ref)))
    frame["decided_on"] = pd.to_datetime(frame["decided_on"], errors="coerce").dt.as_unit("s")
    late = frame["decided_on"] > pd.Timestamp(as_of)
    problem = np.select(
        [
            ~frame["decision"].isin(DECISIONS),
            frame["patient_ref"].isna(),
            frame["decided_on"].isna(),
            late,
        ],
        [
            "not a known decision",
            "the reference's check character does not fit",
            "no date",
            "dated after the run date",
        ],
        default="",
    )
    fine = problem == ""
    return Feedback(frame[fine], frame[~fine].assign(problem=problem[~fine]))


def _as_text(value: object) -> str:
    return value if isinstance(value, str) else ""


@dataclass(frozen=True)
class InForce:
    """For each patient the decision that holds today, if any."""

    decision: Objects
    effect: Objects
    decided_on: Days
    says: Objects


def in_force(
    frame: pd.DataFrame, facts: Facts, decisions: pd.DataFrame | None, policy: Policy, as_of: date
) -> InForce:
    """The latest usable decision about each row of ``frame`` (practice_id, patient_ref), unless it has run
    out.

    It runs out after the policy's days, or once one of the policy's dates (a new admission, say) is later.
    """
    latest = _latest(frame, decisions, as_of)
    decision = objects(latest["decision"])
    decided_on = days(latest["decided_on"])
    effect = np.full(len(frame), "none", dtype=object)
    says = np.full(len(frame), None, dtype=object)
    for name, rule in policy.decisions.items():
        holds = (decision == name) & _holds(rule, decided_on, facts, as_of)
        effect[holds] = rule.effect
        says[holds] = rule.says
    decision[~known(says)] = None
    return InForce(decision=decision, effect=effect, decided_on=decided_on, says=says)


def _latest(frame: pd.DataFrame, decisions: pd.DataFrame | None, as_of: date) -> pd.DataFrame:
    keys = ["practice_id", "patient_ref"]
    given = decisions if decisions is not None else pd.DataFrame(columns=list(DECISION_COLUMNS))
    usable = validate_decisions(given, as_of).accepted
    usable = usable.assign(caution=usable["decision"].map(_CAUTION))
    usable = usable.sort_values([*keys, "decided_on", "caution"]).drop_duplicates(keys, keep="last")
    wanted = frame[keys].astype(object)
    return wanted.merge(usable[[*keys, "decision", "decided_on"]], how="left", on=keys)


def _holds(rule: DecisionEffect, decided_on: Days, facts: Facts, as_of: date) -> Flags:
    holds = (day(as_of) - decided_on) < np.timedelta64(rule.for_days, "D")
    for column in rule.lifted_by:
        holds &= ~(facts.days(column) > decided_on)
    return np.asarray(holds)


def override_counts(decisions: pd.DataFrame, as_of: date) -> pd.DataFrame:
    """Usable decisions counted: practice_id, one column a decision, total, and the share overridden
    (declined or wrong)."""
    usable = validate_decisions(decisions, as_of).accepted
    counts = pd.crosstab(usable["practice_id"], usable["decision"]).reindex(
        columns=list(DECISIONS), fill_value=0
    )
    counts["total"] = counts.sum(axis=1)
    counts["override_share"] = (counts["declined"] + counts["wrong"]) / counts["total"]
    return counts.rename_axis(columns=None).reset_index()
