"""What stood on a list when it was printed, by which what was typed on it is told apart."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from copd_strat.errors import InputError
from copd_strat.lists.answer_dates import read_date
from copd_strat.lists.list_columns import RANK, REFERENCE
from copd_strat.lists.returned_files import cell_text, grids, sheets_in

_SAFE = re.compile(r"[A-Za-z0-9_-]{1,40}")
# dates on lists have their year, so the day by which a shorter one would be read does not matter
_ANY_DAY = date(2100, 1, 1)


@dataclass(frozen=True)
class Printed:
    """``marks``: every text of the list, CSV and workbook, as ``mark`` has it. ``references``: rank → reference."""

    marks: frozenset[str]
    references: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class PublishedLists:
    """The site's own side: ``files`` of a run that is kept, by run id and the pattern of their names in its folder, and
    the ``practices_of`` a reference of the published run.

    ``files`` gives None if the run is not kept, and raises InputError if one of them is not as it was published.
    """

    files: Callable[[str, str], Sequence[Path] | None]
    practices_of: Callable[[str], frozenset[str]]

    def printed(self, run_id: str, practice: str, name: str) -> Printed | None:
        """The list as it was printed; None if its run is not kept, or the returned cells name no list of ours."""
        if not _SAFE.fullmatch(practice) or not _SAFE.fullmatch(name):
            return None
        files = self.files(run_id, f"direct_care/{practice}/{practice}_*_{name}.*") or ()
        sheets = [lines for path in files for _, lines in sheets_in(path)]
        if not sheets:
            return None
        marks = frozenset(mark(cell) for lines in sheets for line in lines for cell in line)
        return Printed(marks=marks, references=_references(files))


def mark(cell: object) -> str:
    """A cell without what spreadsheets change in it: the form of dates, blanks, quotes, letters beyond ASCII."""
    text = cell_text(cell)
    day = read_date(cell, _ANY_DAY) if text else None
    return day.isoformat() if day else re.sub(r"[^a-z0-9]", "", text.lower()) or text


def _references(files: Iterable[Path]) -> dict[str, str]:
    """Rank → reference of the CSV; a list without ranks has none."""
    for path in files:
        if path.suffix == ".csv":
            try:
                grid = grids(path, [RANK.name, REFERENCE.name])
            except InputError:
                return {}
            places = [grid.header.index(column.name) for column in (RANK, REFERENCE)]
            return {cell_text(line[places[0]]): cell_text(line[places[1]]) for line in grid.lines}
    return {}
