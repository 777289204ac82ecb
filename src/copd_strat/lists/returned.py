"""Answers on returned lists, as rows of the canonical ``decisions`` table. Nothing typed is ever lost: what
cannot be used goes back to the practice as it was written, with the cause.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

import pandas as pd

from copd_strat.errors import InputError
from copd_strat.lists.answer_dates import read_date
from copd_strat.lists.identifying_text import names_somebody
from copd_strat.lists.list_columns import DECIDED_ON, DECISION, LABEL, REASON, REFERENCE, TIER_COLUMNS
from copd_strat.lists.print_sheets import every_heading
from copd_strat.lists.returned_files import Grid, grids, practice_in_name
from copd_strat.pathways import normalise_reference
from copd_strat.pathways.feedback import DECISION_COLUMNS, NOTE, REFUSED, read_decision

REFUSED_COLUMNS = ("practice_id", "patient_ref", "run_id", "decision", "reason", "decided_on", "file", "line",
                   "problem")  # fmt: skip
WITHHELD = "(withheld: it may identify somebody)"
# A decision has no effect after half a year (the shipped policies): an earlier one is a slip in the year.
_BEFORE_LIST = timedelta(days=183)
_WANTED = (REFERENCE, DECISION, REASON, DECIDED_ON)


@dataclass(frozen=True, kw_only=True)
class Typed:
    """One line on which somebody wrote, as text; ``day`` is the cell of the date, ``more`` what stands beside
    the columns for answers."""

    practice_id: str
    reference: str
    run_id: str
    decision: str
    reason: str
    day: object
    more: str
    file: str
    line: int

    @property
    def written_day(self) -> str:
        return self.day.date().isoformat() if isinstance(self.day, datetime) else _written(self.day)


@dataclass(frozen=True)
class Returned:
    """``answers``: columns as in DECISION_COLUMNS, notes and refused answers among them. ``refused``: what
    cannot be used, columns as in REFUSED_COLUMNS. ``dated_by_return``: for each answer whether the day of its
    return stands for a date. ``unread``: files that could not be read at all."""

    answers: pd.DataFrame
    refused: pd.DataFrame
    dated_by_return: list[bool]
    unread: tuple[InputError, ...]


@dataclass
class _Collected:
    answers: list[tuple[object, ...]] = field(default_factory=list)
    refused: list[tuple[object, ...]] = field(default_factory=list)
    dated_by_return: list[bool] = field(default_factory=list)


def returned_answers(paths: Iterable[Path], returned_on: date) -> Returned:
    """Everything that was typed on the lists at ``paths``; ``returned_on`` dates answers without a date."""
    collected, unread = _Collected(), []
    for path in sorted(paths):
        try:
            typed = list(typed_on(path))
        except InputError as error:
            unread.append(error)
            continue
        for line in typed:
            _judge(line, returned_on, collected)
    return Returned(
        answers=pd.DataFrame(collected.answers, columns=list(DECISION_COLUMNS), dtype="object"),
        refused=pd.DataFrame(collected.refused, columns=list(REFUSED_COLUMNS), dtype="object"),
        dated_by_return=collected.dated_by_return,
        unread=tuple(unread),
    )


def typed_on(path: Path) -> Iterator[Typed]:
    """The lines of one returned list on which somebody wrote; InputError if it is not one of our lists."""
    by_name = _grid(path)
    names = _known_names(by_name.header)
    for number, line in enumerate(by_name.lines, start=by_name.first_line):
        cells = dict(zip(by_name.header, line, strict=False))
        ours = {names[heading]: cell for heading, cell in cells.items() if heading in names}
        others = [_written(cell) for heading, cell in cells.items() if heading not in names]
        others += [_written(cell) for cell in line[len(by_name.header) :]]
        more = "; ".join(filter(None, others))
        decision, reason = _written(ours.get(DECISION.name)), _written(ours.get(REASON.name))
        day = ours.get(DECIDED_ON.name)
        if decision or reason or _written(day) or more:
            yield Typed(
                practice_id=_written(ours.get("practice_id")) or practice_in_name(path),
                reference=_written(ours.get(REFERENCE.name)),
                run_id=_written(ours.get("run_id")),
                decision=decision, reason=reason, day=day, more=more, file=path.name, line=number,
            )  # fmt: skip


def _grid(path: Path) -> Grid:
    """The CSV knows its columns by name, the workbook by heading."""
    try:
        return grids(path, [column.name for column in _WANTED])
    except InputError:
        return grids(path, [column.heading.lower() for column in _WANTED])


def _known_names(header: Iterable[str]) -> Mapping[str, str]:
    """Our columns among ``header``, each by the name it has in the CSV."""
    columns = {c.name: c.name for c in (*TIER_COLUMNS, LABEL)} | every_heading()
    return {heading: columns[heading] for heading in header if heading in columns}


def _written(cell: object) -> str:
    if cell is None or (isinstance(cell, float) and cell != cell):
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return " ".join(str(cell).split())


def _judge(typed: Typed, returned_on: date, collected: _Collected) -> None:
    """One line into an answer, or into a query to its author."""
    decided_on = read_date(typed.day, returned_on) if typed.written_day else returned_on
    decision, rest = read_decision(typed.decision)
    problem = _problem(typed, decision, decided_on, returned_on)
    if not problem:
        reason = "; ".join(filter(None, [rest, typed.reason]))
        if names_somebody(reason):
            reason, problem = WITHHELD, "the reason may identify somebody: it was not kept for the run"
        collected.dated_by_return.append(not typed.written_day)
        collected.answers.append(
            (typed.practice_id, normalise_reference(typed.reference), typed.run_id, decision or NOTE,
             reason or None, decided_on)
        )  # fmt: skip
    for cause in filter(
        None, [problem, typed.more and f"typed beside the columns for answers: {typed.more}"]
    ):
        _refuse(typed, cause, returned_on, collected)


def _problem(typed: Typed, decision: str, decided_on: date | None, returned_on: date) -> str:
    """Why an answer cannot be used; empty if it can."""
    printed_on = read_date(typed.run_id[:8], returned_on)
    if not (typed.decision or typed.reason):
        return "a date without a decision" if typed.written_day else "nothing to use"
    if not typed.reference:
        return "no reference: who is it about?"
    if normalise_reference(typed.reference) is None:
        return "the reference is mistyped: its check character does not fit"
    if not typed.practice_id or printed_on is None:
        return "the list's hidden columns are gone: it cannot be said which list this was"
    if typed.decision and not decision:
        return f"not a known decision: {typed.decision}"
    if decided_on is None:
        return f"the date cannot be read: {typed.written_day}"
    if decided_on > returned_on:
        return f"the date lies after the day of return: {typed.written_day}"
    if decided_on < printed_on - _BEFORE_LIST:
        return f"the date lies long before the list was printed: {typed.written_day}"
    return ""


def _refuse(typed: Typed, cause: str, returned_on: date, collected: _Collected) -> None:
    """For the analyst as it was written; for the next run, whose lists ask the practice, without what may
    identify somebody."""
    if cause == "nothing to use":
        return
    collected.refused.append(
        (typed.practice_id, typed.reference, typed.run_id, typed.decision, typed.reason, typed.written_day,
         typed.file, typed.line, cause)
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
            (typed.practice_id, _safe_reference(typed.reference), typed.run_id or "not known", REFUSED, text,
             returned_on)
        )  # fmt: skip


def _safe_reference(reference: str) -> str:
    return "not given" if not reference or names_somebody(reference) else reference[:30]
