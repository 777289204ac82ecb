"""The lines of a returned list on which somebody wrote."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from copd_strat.errors import InputError
from copd_strat.lists.list_columns import DECIDED_ON, DECISION, LABEL, REASON, REFERENCE, TIER_COLUMNS, TITLES
from copd_strat.lists.print_sheets import every_heading
from copd_strat.lists.returned_files import Grid, cell_text, grids, list_in_name, practice_in_name
from copd_strat.pathways import normalise_reference
from copd_strat.pathways.changes import TIER
from copd_strat.pathways.policy import LISTED

_WANTED = (REFERENCE, DECISION, REASON, DECIDED_ON)
_LIST_OF_TIER = {TIER[name]: name for name in LISTED}
_LIST_OF_TITLE = {TITLES[name].lower(): name for name in LISTED}
# A list whose name, sheet and column of lists are all changed is read like the one whose answers count.
_USUAL = "clinic"


@dataclass(frozen=True, kw_only=True)
class Typed:
    """One line on which somebody wrote, as text; ``day`` is the cell of the date, ``more`` what stands outside the
    columns for answers. ``list_name`` and ``list_run``: the list it stands on, as far as the file tells."""

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

    @property
    def written_day(self) -> str:
        return self.day.date().isoformat() if isinstance(self.day, datetime) else cell_text(self.day)


def typed_on(path: Path) -> Iterator[Typed]:
    """The lines of one returned list on which somebody wrote; InputError if it is not one of our lists."""
    grid = _grid(path)
    names = _known_names(grid.header)
    rows = [dict(zip(grid.header, line, strict=False)) for line in grid.lines]
    runs = filter(None, (cell_text(row.get(_heading(names, "run_id"))) for row in rows))
    list_run = next(runs, "")
    for number, (row, line) in enumerate(zip(rows, grid.lines, strict=True), start=grid.first_line):
        ours = {names[heading]: cell for heading, cell in row.items() if heading in names}
        reference = cell_text(ours.get(REFERENCE.name))
        decision, reason = cell_text(ours.get(DECISION.name)), cell_text(ours.get(REASON.name))
        day = ours.get(DECIDED_ON.name)
        others = [cell_text(cell) for heading, cell in row.items() if heading not in names]
        others += [cell_text(cell) for cell in line[len(grid.header) :]]
        if not (decision or reason or cell_text(day)) and normalise_reference(reference) is None:
            # words under the table: nobody answers about a person there
            others, reference = [reference, *others], ""
        more = "; ".join(filter(None, others))
        if decision or reason or cell_text(day) or more:
            yield Typed(
                practice_id=cell_text(ours.get("practice_id")) or practice_in_name(path),
                reference=reference, run_id=cell_text(ours.get("run_id")),
                decision=decision, reason=reason, day=day, more=more, file=path.name, line=number,
                list_name=_list_of(grid, cell_text(ours.get("tier"))), list_run=list_run,
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


def _heading(names: Mapping[str, str], name: str) -> str:
    return next((heading for heading, known in names.items() if known == name), "")


def _list_of(grid: Grid, tier: str) -> str:
    """Which list a line stands on: its own column, else the sheet's title, else the file's name."""
    return (
        _LIST_OF_TIER.get(tier) or _LIST_OF_TITLE.get(grid.sheet.lower()) or list_in_name(grid.path) or _USUAL
    )
