"""The lines of a returned list on which somebody wrote: answers, and whatever stands outside their columns."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from copd_strat.errors import InputError
from copd_strat.lists.list_columns import (
    ANSWERS,
    DECIDED_ON,
    DECISION,
    LABEL,
    LISTS,
    MACHINE,
    REASON,
    REFERENCE,
    TIER_COLUMNS,
    TITLES,
)
from copd_strat.lists.print_sheets import every_heading
from copd_strat.lists.printed import Printed, PublishedLists, mark
from copd_strat.lists.returned_files import Grid, asks_nothing, cell_text, grids, practice_in_name, sheets_in
from copd_strat.pathways import normalise_reference
from copd_strat.pathways.answer_problems import ANOTHER_PRACTICE, TYPED_OVER, AnswerProblem
from copd_strat.pathways.changes import TIER
from copd_strat.pathways.policy import LISTED

_WANTED = (REFERENCE, DECISION, REASON, DECIDED_ON)
_OTHER_THAN_WORDS = {column.name for column in (*ANSWERS, REFERENCE, *MACHINE, LABEL)}
_LIST_OF_TIER = {TIER[name]: name for name in LISTED}
_LIST_OF_TITLE = {title.lower(): name for name, title in TITLES.items()}
# A list whose name, sheet and column of lists are all changed is read like the one whose answers count.
_USUAL = "clinic"
# the longer names first: one of them begins with another
_ALL = "|".join(sorted((*LISTS, "worklist"), key=len, reverse=True))


@dataclass(frozen=True, kw_only=True)
class Typed:
    """One line on which somebody wrote, as text; ``day`` is the cell of the date, ``more`` what stands outside the
    columns for answers. ``list_name`` and ``list_run``: the list it stands on, as far as the file tells. ``whose``:
    what is wrong with the reference as the name of a person."""

    practice_id: str
    reference: str
    run_id: str
    decision: str
    reason: str
    day: object
    more: str
    file: str
    line: int
    list_name: str
    list_run: str
    whose: AnswerProblem | None = None

    @property
    def written_day(self) -> str:
        return self.day.date().isoformat() if isinstance(self.day, datetime) else cell_text(self.day)

    @property
    def answers(self) -> bool:
        return bool(self.decision or self.reason or self.written_day)


@dataclass(frozen=True)
class TypedLines:
    """``lines`` on which somebody wrote, and whether the list could be ``compared`` with what was printed."""

    lines: tuple[Typed, ...]
    compared: bool


def typed_on(path: Path, published: PublishedLists | None = None) -> TypedLines:
    """The lines of one returned list on which somebody wrote; InputError if it is not one of our lists.

    ``published``: the site's own lists, without which what was typed over a printed cell cannot be told.
    """
    if asks_nothing(path):
        return _typed_beside(path, published)
    grid = _grid(path)
    names = _known_names(grid.header)
    rows = [
        {names[h]: c for h, c in zip(grid.header, line, strict=False) if h in names} for line in grid.lines
    ]
    list_run = next(filter(None, (cell_text(row.get("run_id")) for row in rows)), "")
    practice = next(filter(None, (cell_text(row.get("practice_id")) for row in rows)), practice_in_name(path))
    name = _list_of(grid, next(filter(None, (cell_text(row.get("tier")) for row in rows)), ""))
    printed = published.printed(list_run, practice, name) if published else None
    lines = []
    for number, (row, line) in enumerate(zip(rows, grid.lines, strict=True), start=grid.first_line):
        typed = _typed(row, path, number, name, list_run)
        typed = replace(typed, whose=_whose(typed, cell_text(row.get("rank")), printed, published))
        more = _outside(grid.header, line, names, printed)
        if not typed.answers and normalise_reference(typed.reference) is None:
            # words under the table: nobody answers about a person there
            more, typed = [typed.reference, *more], replace(typed, reference="")
        typed = replace(typed, more="; ".join(filter(None, more)))
        if typed.answers or typed.more or typed.whose is TYPED_OVER:
            lines.append(typed)
    if printed:
        origin = _Origin(path=path, practice=practice, run=list_run, name=name)
        lines += _typed_over(origin, printed, skip=grid.sheet) if grid.sheet else []
    return TypedLines(tuple(lines), compared=printed is not None)


def _typed(row: Mapping[str, object], path: Path, number: int, name: str, list_run: str) -> Typed:
    return Typed(
        practice_id=cell_text(row.get("practice_id")) or practice_in_name(path),
        reference=cell_text(row.get(REFERENCE.name)),
        run_id=cell_text(row.get("run_id")),
        decision=cell_text(row.get(DECISION.name)),
        reason=cell_text(row.get(REASON.name)),
        day=row.get(DECIDED_ON.name),
        more="",
        file=path.name,
        line=number,
        list_name=name,
        list_run=list_run,
    )


def _whose(
    typed: Typed, rank: str, printed: Printed | None, published: PublishedLists | None
) -> AnswerProblem | None:
    """A reference that stands where another person's was printed, or that is another practice's."""
    reference = normalise_reference(typed.reference)
    if reference is None:
        return None
    if published and typed.practice_id not in (published.practices_of(reference) or {typed.practice_id}):
        return ANOTHER_PRACTICE
    if printed and printed.references.get(rank, reference) != reference:
        return TYPED_OVER
    return None


def _outside(
    header: Sequence[str], line: Sequence[object], names: Mapping[str, str], printed: Printed | None
) -> list[str]:
    """What somebody wrote in columns of their own, beyond the last column, or over a printed cell."""
    found = []
    for heading, cell in zip(header, line, strict=False):
        ours = names.get(heading)
        if ours is None:
            found.append(cell_text(cell))
        elif printed and ours not in _OTHER_THAN_WORDS and mark(cell) not in printed.marks:
            found.append(f"under '{heading}': {cell_text(cell)}")
    return [*found, *(cell_text(cell) for cell in line[len(header) :])]


@dataclass(frozen=True, kw_only=True)
class _Origin:
    """Which list a file is."""

    path: Path
    practice: str
    run: str
    name: str


def _typed_beside(path: Path, published: PublishedLists | None) -> TypedLines:
    """What was typed on a list that asks nothing: the changes, the queries, the worklist."""
    found = re.search(_ALL, path.stem)
    run = _machine_cell(path, MACHINE[1].name, MACHINE[1].heading)
    practice = _machine_cell(path, MACHINE[0].name, MACHINE[0].heading) or practice_in_name(path)
    origin = _Origin(path=path, practice=practice, run=run, name=found[0] if found else "")
    printed = published.printed(run, practice, origin.name) if published else None
    lines = tuple(_typed_over(origin, printed)) if printed else ()
    return TypedLines(lines, compared=printed is not None)


def _machine_cell(path: Path, *headings: str) -> str:
    """The first cell of a column that only the program needs."""
    for _, lines in sheets_in(path):
        header = [cell_text(cell).lower() for cell in lines[0]] if lines else []
        for heading in headings:
            if heading.lower() in header:
                place = header.index(heading.lower())
                return next(
                    filter(None, (cell_text(cell) for line in lines[1:] for cell in line[place : place + 1])),
                    "",
                )
    return ""


def _typed_over(origin: _Origin, printed: Printed, skip: str = "") -> Iterator[Typed]:
    """The lines of all sheets but ``skip`` with a text that was not printed on this list."""
    for title, lines in sheets_in(origin.path):
        header = [cell_text(cell) for cell in lines[0]] if lines else []
        for number, line in enumerate(lines if title != skip else [], start=1):
            new = [
                (place, cell_text(cell)) for place, cell in enumerate(line) if mark(cell) not in printed.marks
            ]
            told = [
                f"under '{header[place]}': {text}" if header[place : place + 1] else text
                for place, text in new
                if text
            ]
            if told:
                where = f"sheet {title}, " if title and skip else ""
                yield Typed(
                    practice_id=origin.practice, reference=_reference_in(line), run_id=origin.run, decision="",
                    reason="", day=None, more=where + "; ".join(told), file=origin.path.name, line=number,
                    list_name=origin.name, list_run=origin.run,
                )  # fmt: skip


def _reference_in(line: Iterable[object]) -> str:
    return next(filter(None, (normalise_reference(cell_text(cell)) for cell in line)), "")


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


def _list_of(grid: Grid, tier: str) -> str:
    """Which list a file is: by its own column, else the sheet's title, else the file's name."""
    named = re.search(_ALL, grid.path.stem)
    return (
        _LIST_OF_TIER.get(tier) or _LIST_OF_TITLE.get(grid.sheet.lower()) or (named[0] if named else _USUAL)
    )
