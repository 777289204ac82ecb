"""What stands on a written list, read back: is it about that patient, and does the workbook say the same?

Lists are made by sorting, cutting and renaming whole tables, and a slip there gives a person another one's words. So
each line is looked up anew by its reference, in the patients as they were placed, and each workbook is held against
the CSV beside it cell by cell, from the bytes of the file.
"""

from __future__ import annotations

import csv
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from xml.sax.saxutils import unescape

import pandas as pd

from copd_strat.errors import OutputError
from copd_strat.lists.cells import safe_text
from copd_strat.lists.list_columns import WHY, WHYS, ListColumn
from copd_strat.pathways.fact_columns import days, numbers
from copd_strat.pathways.sentences import natural_frequency

Line = Mapping[str, str]

# Column of a list → the fact it shows. Said once more and not read from the writer, whose slip would be ours too.
_TEXTS: Mapping[str, str] = {
    "place": "place",
    "why_1": "why_1",
    "why_2": "why_2",
    "why_3": "why_3",
    "change": "change",
    "suggested_action": "suggested_action",
    "data_warning": "data_warnings",
    "smoking": "smoking_status",
    "vaccinations_due": "vaccinations_due",
    "inhaler_flag": "inhaler_flag",
}
_DAYS: Mapping[str, str] = {
    "last_exacerbation": "last_exacerbation_date",
    "last_copd_review": "last_copd_review_date",
}
_SHOWN = ("risk_12m", "mrc", *_DAYS, *_TEXTS)
_DAY_ZERO = date(1899, 12, 30)  # of a workbook
_SHEET = re.compile(r"xl/worksheets/sheet(\d+)\.xml")
_TEXT = re.compile(r"<si><t(?: [^>]*)?>([^<]*)</t></si>")
_CELL = re.compile(r'<c r="[A-Z]+[0-9]+"(?: s="[0-9]+")?( t="s")?(?:/>|><v>([^<]*)</v></c>)')
_ESCAPED, _RARE = re.compile(r"_x([0-9A-Fa-f]{4})_"), re.compile("&|_x")
_MARK = "\u2022 "
_FIX = "this is a fault of the program: nothing was published; please report it"


def read_lines(path: Path) -> list[dict[str, str]]:
    """The lines of a CSV list."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


class KnownFacts:
    """What the line of each of ``patients`` (one row a patient, as placed) must show."""

    def __init__(self, patients: pd.DataFrame) -> None:
        told = [_told(patients, name) for name in _SHOWN]
        people = [patients[name].astype(object) for name in ("practice_id", "patient_ref")]
        self._of = dict(zip(zip(*people, strict=True), zip(*told, strict=True), strict=True))

    def require(self, path: Path, lines: Sequence[Line]) -> None:
        """OutputError if a line of ``path`` shows what is not known of its patient; a stranger's line is passed
        over, since whoever counts the lines finds it."""
        for number, line in enumerate(lines, start=2):
            known = self._of.get((line["practice_id"], line["patient_ref"]))
            shown = tuple(line[name] for name in _SHOWN)
            if known is None or shown == known:
                continue
            for name, cell, fact in zip(_SHOWN, shown, known, strict=True):
                if cell not in (fact, safe_text(fact)):
                    raise OutputError(
                        f"{path}: line {number}, column {name} is not what is known of that patient", fix=_FIX
                    )


def _told(patients: pd.DataFrame, name: str) -> list[str]:
    """The cells of one column, a text each."""
    fact = {"risk_12m": "risk_severe_12m", "mrc": "mrc", **_DAYS, **_TEXTS}[name]
    if fact not in patients:
        return [""] * len(patients)
    column = patients[fact]
    if name == "risk_12m":
        return list(natural_frequency(numbers(column)))
    if name == "mrc":
        return ["" if grade != grade else f"{grade:.0f}" for grade in numbers(column)]
    if name in _DAYS:
        return ["" if day is None else day.isoformat() for day in days(column).tolist()]
    return [str(value) if there else "" for value, there in zip(column, column.notna(), strict=True)]


def require_alike(workbook: Path, lines: Sequence[Line], columns: Sequence[ListColumn]) -> None:
    """OutputError unless every sheet of ``workbook`` but its key has the ``lines`` of the CSV, in their order.

    ``columns``: all that the CSV can have. A column of a sheet that is made of several of them is not compared, but
    for the reasons.
    """
    named = {column.heading: column for column in columns}
    for number, (header, *rows) in enumerate(_sheets(workbook), start=1):
        if len(rows) != len(lines):
            raise _differs(workbook, f"sheet {number} has {len(rows)} lines, and the CSV {len(lines)}")
        for heading, *cells in zip(header, *rows, strict=True):
            column, found = named.get(heading), cells
            if column is not None:
                wanted = [line[column.name] for line in lines]
                found = [_iso(cell) for cell in cells] if column.kind == "date" else cells
            elif heading == WHY.heading:
                wanted = ["\n".join(filter(None, (line[why.name] for why in WHYS))) for line in lines]
            else:
                continue
            if found != wanted and [_plain(cell) for cell in found] != [_plain(cell) for cell in wanted]:
                raise _differs(workbook, f"sheet {number}, column {heading} is not that of the CSV")


def _differs(workbook: Path, how: str) -> OutputError:
    return OutputError(f"{workbook}: {how} beside it", fix=_FIX)


def _sheets(workbook: Path) -> Iterator[list[list[str]]]:
    """Every sheet but the last one, the key: its rows, whose cells are texts; a date is a number of days.

    A pattern finds the cells in the file: a reader of workbooks takes thirty times as long. What it does not find is
    a line or a column too few, which stops the night.
    """
    with zipfile.ZipFile(workbook) as packed:
        shared = packed.read("xl/sharedStrings.xml").decode()
        texts = [_written(text) for text in _TEXT.findall(shared)]
        found = [name for name in packed.namelist() if _SHEET.fullmatch(name)]
        for name in sorted(found, key=lambda name: int(_SHEET.sub(r"\1", name)))[:-1]:
            _, *rows = packed.read(name).decode().split("<row ")
            yield [
                [texts[int(value)] if kind else value for kind, value in _CELL.findall(row)] for row in rows
            ]


def _written(text: str) -> str:
    """A text as it was before the form of the file escaped some of its characters."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), unescape(text)) if _RARE.search(text) else text


@lru_cache(maxsize=65536)
def _iso(days: str) -> str:
    return (_DAY_ZERO + timedelta(days=int(days))).isoformat() if days else ""


def _plain(cell: str) -> str:
    """A cell without what only a sheet needs: marks and breaks between its pieces, blanks that do not break."""
    pieces = cell.replace("\u00a0", " ").removeprefix(_MARK).replace(f"\n{_MARK}", "\n")
    return pieces.replace("; ", "\n")
