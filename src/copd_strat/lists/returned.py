"""Answers on returned lists, as rows of the canonical ``decisions`` table. Nothing typed is ever lost: what
cannot be used goes back to the practice as it was written, with the cause.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import pandas as pd

from copd_strat.errors import InputError
from copd_strat.lists.answer_dates import read_date
from copd_strat.lists.identifying_text import names_somebody
from copd_strat.lists.list_columns import TITLES
from copd_strat.lists.printed import PublishedLists
from copd_strat.lists.typed_lines import Typed, typed_on
from copd_strat.pathways import normalise_reference
from copd_strat.pathways.answer_problems import (
    DATE_AHEAD,
    DATE_LONG_AGO,
    DATE_UNDER_REASON,
    DECISION_UNDER_REASON,
    MISTYPED,
    NAMES_SOMEBODY,
    NO_DECISION,
    NO_REFERENCE,
    NOT_USED_HERE,
    OUTSIDE,
    UNKNOWN_LIST,
    UNKNOWN_WORD,
    UNREADABLE_DATE,
    AnswerProblem,
)
from copd_strat.pathways.feedback import DECIDED_LISTS, DECISION_COLUMNS, NOTE, REFUSED, read_decision
from copd_strat.pathways.sentences import date_in_words_of

REFUSED_COLUMNS = ("practice_id", "patient_ref", "run_id", "decision", "reason", "decided_on", "file", "line",
                   "problem", "returned_on")  # fmt: skip
WITHHELD = "(withheld: it may identify somebody)"
# A decision has no effect after half a year (the shipped policies): an earlier one is a slip in the year.
_BEFORE_LIST = timedelta(days=183)


@dataclass(frozen=True)
class Returned:
    """``answers``: columns as in DECISION_COLUMNS, notes and refused answers among them. ``refused``: what
    cannot be used, columns as in REFUSED_COLUMNS. ``dated_by_return``: for each answer whether the day of its
    return stands for a date. ``unread``: files that could not be read at all. ``not_compared``: lists on which what was
    typed over a printed cell could not be told, since their run is not at hand."""

    answers: pd.DataFrame
    refused: pd.DataFrame
    dated_by_return: list[bool]
    unread: tuple[InputError, ...]
    not_compared: int


@dataclass
class _Collected:
    answers: list[tuple[object, ...]] = field(default_factory=list)
    refused: list[tuple[object, ...]] = field(default_factory=list)
    dated_by_return: list[bool] = field(default_factory=list)


def returned_answers(
    paths: Iterable[Path], returned_on: date, published: PublishedLists | None = None
) -> Returned:
    """Everything that was typed on the lists at ``paths``; ``returned_on`` dates answers without a date.

    ``published``: the site's own lists, with which they are compared.
    """
    collected, unread, not_compared = _Collected(), [], 0
    for path in sorted(paths):
        try:
            typed = typed_on(path, published)
        except InputError as error:
            unread.append(error)
            continue
        not_compared += not typed.compared
        for line in typed.lines:
            _judge(line, returned_on, collected)
    return Returned(
        answers=pd.DataFrame(collected.answers, columns=list(DECISION_COLUMNS), dtype="object"),
        refused=pd.DataFrame(collected.refused, columns=list(REFUSED_COLUMNS), dtype="object"),
        dated_by_return=collected.dated_by_return,
        unread=tuple(unread),
        not_compared=not_compared,
    )


def _judge(typed: Typed, returned_on: date, collected: _Collected) -> None:
    """One line into an answer, or into a query to its author."""
    decided_on = read_date(typed.day, returned_on) if typed.written_day else returned_on
    decision, rest = read_decision(typed.decision)
    problem = typed.whose.words if typed.whose else _problem(typed, decision, decided_on, returned_on)
    if problem:
        _refuse(typed, problem, returned_on, collected)
    elif typed.decision or typed.reason:
        reason = "; ".join(filter(None, [rest, typed.reason]))
        beside = _beside(typed, reason, returned_on)
        collected.dated_by_return.append(not typed.written_day)
        collected.answers.append(
            (typed.practice_id, normalise_reference(typed.reference), typed.run_id, decision or NOTE,
             WITHHELD if names_somebody(reason) else reason or None, decided_on)
        )  # fmt: skip
        for each in beside:
            _refuse(typed, each.words, returned_on, collected)
    if typed.more:
        _refuse(typed, f"{OUTSIDE.words}: {typed.more}", returned_on, collected)


def _problem(typed: Typed, decision: str, decided_on: date | None, returned_on: date) -> str:
    """Why an answer cannot be used, with what was written; empty if it can, or where there is none."""
    printed_on = read_date(typed.run_id[:8], returned_on)
    day = typed.written_day
    if not (typed.decision or typed.reason):
        return NO_DECISION.words if day else ""
    if not typed.reference:
        return NO_REFERENCE.words
    if normalise_reference(typed.reference) is None:
        return MISTYPED.words
    if not typed.practice_id or printed_on is None:
        return UNKNOWN_LIST.words
    if typed.decision and not decision:
        return f"{UNKNOWN_WORD.words}: {typed.decision}"
    if decision and typed.list_name not in DECIDED_LISTS:
        return f"{NOT_USED_HERE.words}: {typed.decision}"
    if decided_on is None:
        return f"{UNREADABLE_DATE.words}: {day}"
    if decided_on > returned_on:
        return f"{DATE_AHEAD.words}: {day}"
    if decided_on < printed_on - _BEFORE_LIST:
        return f"{DATE_LONG_AGO.words}: {day}"
    return ""


def _beside(typed: Typed, reason: str, returned_on: date) -> Iterator[AnswerProblem]:
    """What is told although the answer counts."""
    if names_somebody(reason):
        yield NAMES_SOMEBODY
    if not typed.written_day and read_date(typed.reason, returned_on) is not None:
        yield DATE_UNDER_REASON
    if not typed.decision and read_decision(typed.reason)[0]:
        yield DECISION_UNDER_REASON


def _refuse(typed: Typed, cause: str, returned_on: date, collected: _Collected) -> None:
    """For the analyst as it was written; for the next run, whose lists ask the practice, without what may
    identify somebody."""
    collected.refused.append(
        (typed.practice_id, typed.reference, typed.run_id, typed.decision, typed.reason, typed.written_day,
         typed.file, typed.line, cause, returned_on)
    )  # fmt: skip
    written = [
        f"{name} '{text}'" for name, text in (("decision", typed.decision), ("reason", typed.reason)) if text
    ]
    text = "; ".join([cause, *(["you wrote " + ", ".join(written)] if written else [])])
    if names_somebody(text):
        text = f"{cause.split(':', maxsplit=1)[0]}; what you wrote is {WITHHELD}"
    if typed.practice_id:
        collected.dated_by_return.append(True)
        collected.answers.append(
            (typed.practice_id, _safe_reference(typed.reference), typed.run_id or typed.list_run or "not known",
             REFUSED, f"{_place(typed, returned_on)}: {text}", returned_on)
        )  # fmt: skip


def _place(typed: Typed, returned_on: date) -> str:
    """List, date and row, by which its author finds a line again; never the file's name, which may name somebody."""
    printed_on = read_date((typed.run_id or typed.list_run)[:8], returned_on)
    of_day = f" of {date_in_words_of(printed_on)}" if printed_on else ""
    title = f"{TITLES[typed.list_name]} list" if typed.list_name in TITLES else "Worklist"
    return f"{title}{of_day} that you returned, row {typed.line}"


def _safe_reference(reference: str) -> str:
    return "not given" if not reference or names_somebody(reference) else reference[:30]
