"""What a workbook shows where: the sheet to work with, the sheet with the rest, joined by the reference."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from copd_strat.lists.csv_file import cells
from copd_strat.lists.list_columns import (
    ACTION,
    ANSWERS,
    IDENTITY,
    MACHINE,
    MISSING_OR_NEW,
    MORE,
    RANK,
    REFERENCE,
    TITLES,
    WHY,
    WHYS,
    ListColumn,
)

# what the columns of words give up where age and sex are shown, so that print stays at 9 points or more
_UNBROKEN = re.compile(r"\d+ in 100|\d{1,2} [A-Z][a-z]{2} \d{4}")
_CHANGES = {
    "unchanged": "",
    "new": "New on the lists",
    "up from app": "Was on the app list",
    "up from review": "Was on the review list",
    "up from not listed": "Was not listed",
    "up from reserve": "Has a place now, was next in line",
    "down to reserve": "Is next in line now, had a place",
    "down to app": "Was on a list of higher need",
    "down to review": "Was on the clinic list",
}
_NARROWER = {"why": 5, "missing_or_new": 4, "decision_reason": 3, "suggested_action": 2}


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """One sheet: its columns from left to right, of which the first ``frozen`` stay in view, and a frame that
    has them all. ``pale``: lines that ask for nothing now."""

    title: str
    columns: tuple[ListColumn, ...]
    frame: pd.DataFrame
    frozen: int
    pale: Sequence[bool] = ()


def sheets_of(name: str, table: pd.DataFrame, columns: Sequence[ListColumn], *, first: bool) -> list[Sheet]:
    """The sheets of list ``name``; ``table`` as in the CSV. ``first``: the practice's first night, when to
    call everybody new says nothing.
    """
    shown = [column.name for column in columns]
    if "rank" not in shown:
        own = tuple(column for column in columns if column.name in table)
        return [Sheet(title=TITLES[name], columns=own, frame=table, frozen=1)]
    identity = tuple(column for column in IDENTITY if column.name in shown)
    made = table.assign(
        why=_joined(table, [column.name for column in WHYS]),
        missing_or_new=_missing_or_new(table, first=first),
    )
    to_work_with = (RANK, REFERENCE, *identity, *ANSWERS, WHY, MISSING_OR_NEW, ACTION)
    narrowed = tuple(
        replace(c, width=c.width - _NARROWER.get(c.name, 0) if identity else c.width) for c in to_work_with
    )
    pale = [place == "reserve" for place in table["place"]]
    return [
        Sheet(title=TITLES[name], columns=(*narrowed, *MACHINE), frame=made, frozen=2, pale=pale),
        Sheet(title="More", columns=(RANK, REFERENCE, *MORE), frame=made, frozen=2, pale=pale),
    ]


def every_heading() -> dict[str, str]:
    """The columns of a sheet by their headings in small letters; two sheets share some."""
    columns = (RANK, REFERENCE, *IDENTITY, *ANSWERS, WHY, MISSING_OR_NEW, ACTION, *MACHINE)
    return {column.heading.lower(): column.name for column in columns}


def _joined(table: pd.DataFrame, names: Iterable[str]) -> list[str]:
    """The texts that are there, each on a line of its own."""
    rows = zip(*(cells(table[name]) for name in names), strict=True)
    parts = [[text for text in row if text] for row in rows]
    marks = ("\u2022 " if len(row) > 1 else "" for row in parts)
    lines = ("\n".join(mark + text for text in row) for mark, row in zip(marks, parts, strict=True))
    return [_UNBROKEN.sub(_glued, text) for text in lines]


def _glued(match: re.Match[str]) -> str:
    """A date or a risk stays on one line."""
    return match[0].replace(" ", "\u00a0")


def _missing_or_new(table: pd.DataFrame, *, first: bool) -> list[str]:
    lines = []
    for change, warning in zip(cells(table["change"]), cells(table["data_warning"]), strict=True):
        told = "" if first and change == "new" else _CHANGES.get(change, change)
        lines.append("\n".join(filter(None, [told, *warning.split("; ")])))
    return lines
