"""Clinicians' decisions read back from returned lists: checked, and held for as long as the policy says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from copd_strat.pathways.answer_problems import TWO_ANSWERS, problem_told
from copd_strat.pathways.fact_columns import Days, Facts, Flags, Objects, day, days, known, objects
from copd_strat.pathways.policy import DECISIONS, DecisionEffect, Policy
from copd_strat.pathways.references import normalise_reference

DECISION_COLUMNS = ("practice_id", "patient_ref", "run_id", "decision", "reason", "decided_on")
# Decisions hold for the clinic tier (docs/policy.md): on the other lists a reason alone is kept, as a note. Whoever
# declines the app has not declined the clinic.
DECIDED_LISTS = ("clinic",)

# Words in the table that are no decisions: a reason without one, and an answer that could not be used, whose
# reason says why and what was written.
NOTE, REFUSED = "note", "refused"
_SPELLINGS = {
    "accepted": "accepted", "accept": "accepted",
    "declined": "declined", "decline": "declined", "declines": "declined",
    "already known": "already_known", "already_known": "already_known", "known": "already_known",
    "already-known": "already_known",
    "wrong": "wrong",
}  # fmt: skip


@dataclass(frozen=True)
class Feedback:
    """``accepted`` decisions in normal form, ``notes`` without a decision, ``refused`` ones with the problem
    (columns of all: as read)."""

    accepted: pd.DataFrame
    refused: pd.DataFrame
    notes: pd.DataFrame


def read_decision(text: str) -> tuple[str, str]:
    """The decision that ``text`` begins with, in normal form, and the rest of it as a reason.

    ``("", "")`` for another word, a question, or two decisions in one.
    """
    words = " ".join(text.split()).rstrip(".!")
    for spelling in sorted(_SPELLINGS, key=len, reverse=True):
        rest = words[len(spelling) :]
        if words.lower().startswith(spelling) and not rest[:1].isalnum() and "?" not in rest:
            other = re.search(r"(accept|declin|known|wrong)", rest, re.IGNORECASE)
            return ("", "") if other else (_SPELLINGS[spelling], rest.strip(" ,;:.-–()"))
    return "", ""


def validate_decisions(decisions: pd.DataFrame, as_of: date) -> Feedback:
    """Split ``decisions`` (columns as in DECISION_COLUMNS) into usable ones, notes and refused ones.

    A decision is written in any case, with spaces or underscores; what follows it joins the reason. Refused:
    another word, a reference whose check character does not fit, no date, a date after ``as_of``, and what
    was refused when it came back and not answered since. So are two different answers of one day: neither counts, and
    what held before them holds.
    """
    frame = decisions.reindex(columns=list(DECISION_COLUMNS)).reset_index(drop=True).astype(object)
    written = frame["decision"].map(_as_text)
    asked = unanswered(frame, as_of)
    frame = frame[written != REFUSED]
    read = [read_decision(text) for text in written[frame.index]]
    frame["reason"] = [
        _joined(rest, _as_text(reason)) for (_, rest), reason in zip(read, frame["reason"], strict=True)
    ]
    is_note = (written[frame.index] == NOTE).to_numpy()
    frame["decision"] = np.where(is_note, NOTE, np.array([decision for decision, _ in read], dtype=object))
    frame["patient_ref"] = frame["patient_ref"].map(lambda ref: normalise_reference(_as_text(ref)))
    frame["decided_on"] = pd.to_datetime(frame["decided_on"], errors="coerce").dt.as_unit("s")
    problem = _problems(frame, as_of)
    problem[_contradictory(frame, (problem == "") & ~is_note)] = TWO_ANSWERS.words
    fine = problem == ""
    refused = frame[~fine].assign(problem=problem[~fine])
    refused = pd.concat([refused, asked.assign(problem="refused when it came back")], ignore_index=True)
    return Feedback(accepted=frame[fine & ~is_note], refused=refused, notes=frame[fine & is_note])


def _problems(frame: pd.DataFrame, as_of: date) -> Objects:
    """What is wrong with each answer, empty where nothing is."""
    problems = {
        "not a known decision": ~frame["decision"].isin((*DECISIONS, NOTE)),
        "the reference's check character does not fit": frame["patient_ref"].isna(),
        "no date": frame["decided_on"].isna(),
        "dated after the run date": frame["decided_on"] > pd.Timestamp(as_of),
    }
    return np.select(list(problems.values()), list(problems), default="").astype(object)


def _contradictory(frame: pd.DataFrame, usable: Flags) -> Flags:
    """Answers beside which another one of that day says something else about the same person; accepted and already
    known both keep the name."""
    says = frame["decision"].where(frame["decision"] != "already_known", "accepted")[usable]
    keys = [frame.loc[usable, name] for name in ("practice_id", "patient_ref", "decided_on")]
    found = np.zeros(len(frame), dtype=bool)
    found[usable] = says.groupby(keys).transform("nunique") > 1
    return found


def contradictory(decisions: pd.DataFrame, as_of: date) -> pd.DataFrame:
    """One row a person and day with two different answers, and none of a later day: practice_id, patient_ref,
    decided_on, and ``said``, the answers in words."""
    feedback = validate_decisions(decisions, as_of)
    both = feedback.refused[feedback.refused["problem"] == TWO_ANSWERS.words]
    both = both[both["decided_on"] > pd.Timestamp(as_of) - TWO_ANSWERS.told_for]
    later = feedback.accepted.groupby(["practice_id", "patient_ref"])["decided_on"].max()
    said = both.groupby(["practice_id", "patient_ref", "decided_on"])["decision"].agg(
        lambda words: " and ".join(sorted(set(words.str.replace("_", " "))))
    )
    rows = said.rename("said").reset_index()
    given = pd.MultiIndex.from_frame(rows[["practice_id", "patient_ref"]]).map(later.to_dict())
    return rows[~(pd.to_datetime(pd.Series(given, dtype="object")) > rows["decided_on"]).to_numpy()]


def _joined(rest: str, reason: str) -> str | None:
    return "; ".join(filter(None, [rest, reason])) or None


def unanswered(decisions: pd.DataFrame, as_of: date) -> pd.DataFrame:
    """The refused answers of ``decisions`` that their practice has not given anew, and that are not too old.

    They are settled by a usable answer about the same person on the same list or a later one; what was told beside
    an answer of that list only by one on a later list.
    """
    refused = decisions[decisions["decision"] == REFUSED].copy()
    refused["decided_on"] = pd.to_datetime(refused["decided_on"], errors="coerce").dt.as_unit("s")
    problems = [problem_told(_as_text(reason)) for reason in refused["reason"]]
    told_for = pd.to_timedelta([problem.told_for for problem in problems])
    recent = (refused["decided_on"] > pd.Timestamp(as_of) - told_for).to_numpy()
    given = decisions[~decisions["decision"].isin((REFUSED, NOTE))]
    latest: dict[tuple[str, str | None], str] = {}
    for person, run_day in _asked_about(given):
        latest[person] = max(latest.get(person, ""), run_day)
    still = [
        person[1] is None
        or run_day > latest.get(person, "")
        or (problem.beside and run_day == latest[person])
        for problem, (person, run_day) in zip(problems, _asked_about(refused), strict=True)
    ]
    open_still: pd.DataFrame = refused.loc[recent & np.array(still, dtype=bool)]
    return open_still


def _asked_about(answers: pd.DataFrame) -> Iterator[tuple[tuple[str, str | None], str]]:
    """Of each answer the person, as practice and reference, and the run date of its list."""
    columns = (answers[name] for name in ("practice_id", "patient_ref", "run_id"))
    for practice, reference, run in zip(*columns, strict=True):
        yield (_as_text(practice), normalise_reference(_as_text(reference))), _as_text(run)[:8]


def about_nobody(answers: pd.DataFrame, patients: pd.DataFrame) -> pd.DataFrame:
    """The rows of ``answers`` whose reference no row of ``patients`` has in that practice: people who left,
    or lists made under another key."""
    here = pd.MultiIndex.from_frame(patients[["practice_id", "patient_ref"]].astype(object))
    return answers[
        ~pd.MultiIndex.from_frame(answers[["practice_id", "patient_ref"]].astype(object)).isin(here)
    ]


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
    usable = usable.sort_values([*keys, "decided_on", "decision"]).drop_duplicates(keys, keep="last")
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
