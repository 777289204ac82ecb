"""What only a practice can settle: its record contradicts itself, or an answer could not be read.

The list of queries invites nobody (docs/decisions.md §39).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import pandas as pd

from copd_strat.pathways.answer_problems import TWO_ANSWERS, problem_told
from copd_strat.pathways.fact_columns import days
from copd_strat.pathways.feedback import contradictory, unanswered
from copd_strat.pathways.sentences import date_in_words

QUERY_FIELDS = ("practice_id", "patient_ref", "query", "please")


@dataclass(frozen=True)
class _Conflict:
    """What to say of one kind of conflict: ``{since}`` and ``{last_record}`` are its dates."""

    query: str
    please: str


# Kinds as ``status_conflicts`` of the clinical room names them. A practice that closed is not asked: nobody
# reads its lists, and the site's verdict names it.
_CONFLICTS: Mapping[str, _Conflict] = {
    "records after death": _Conflict(
        "Recorded as dead on {since}, but the record goes on to {last_record}",
        "Check both and correct the one that is wrong: this may be a living patient who is on no list",
    ),
    "records after leaving": _Conflict(
        "Registration ended on {since}, but the record goes on to {last_record}",
        "Check the registration: this may be your patient, who is on no list",
    ),
    "death before birth": _Conflict(
        "The date of death, {since}, lies before the birth", "Correct the date that is wrong"
    ),
    "death without a date": _Conflict(
        "The register of deaths has this person, with no day that can be used",
        "Check whether this patient has died: while it is not known they are on no list",
    ),
    "two open registrations": _Conflict(
        "Two practices have this patient registered; here since: {since}",
        "End the registration that is over",
    ),
}


def no_queries() -> pd.DataFrame:
    return pd.DataFrame(columns=list(QUERY_FIELDS), dtype="object")


def queries(conflicts: pd.DataFrame, answers: pd.DataFrame, as_of: date) -> pd.DataFrame:
    """All queries of all practices, columns as in QUERY_FIELDS.

    ``conflicts``: practice_id, patient_ref, kind, since, last_record, one row a person and kind, whether on
    the register or not. ``answers``: the decisions table; those that were refused and not answered again come
    back with what was written.
    """
    asked = conflicts[conflicts["kind"].isin(_CONFLICTS)]
    told = [_told(*row) for row in _rows(asked)]
    refused = unanswered(answers, as_of)
    returned = [
        (practice, reference or "", text or "", problem_told(text or "").please)
        for practice, reference, text in zip(
            refused["practice_id"], refused["patient_ref"], refused["reason"], strict=True
        )
    ]
    returned += [
        (practice, reference, f"{TWO_ANSWERS.words[:1].upper()}{TWO_ANSWERS.words[1:]}, {day}: {said}",
         TWO_ANSWERS.please)
        for practice, reference, day, said in _opposite(answers, as_of)
    ]  # fmt: skip
    return pd.DataFrame([*told, *returned], columns=list(QUERY_FIELDS), dtype="object")


def _opposite(answers: pd.DataFrame, as_of: date) -> zip[tuple[str, str, str, str]]:
    found = contradictory(answers, as_of)
    dates = [date_in_words(value) for value in days(found["decided_on"])]
    return zip(found["practice_id"], found["patient_ref"], dates, found["said"], strict=True)


def _rows(conflicts: pd.DataFrame) -> zip[tuple[str, str, str, str, str]]:
    dates = [[date_in_words(value) for value in days(conflicts[name])] for name in ("since", "last_record")]
    ids = [conflicts[name].astype(str).tolist() for name in ("practice_id", "patient_ref", "kind")]
    return zip(*ids, *dates, strict=True)


def _told(practice: str, reference: str, kind: str, since: str, last_record: str) -> tuple[str, ...]:
    conflict = _CONFLICTS[kind]
    return practice, reference, conflict.query.format(since=since, last_record=last_record), conflict.please
