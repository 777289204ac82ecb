"""The workbook of totals, read back from the file: are its lines those of the published tables?

A column of figures that stands under another heading keeps every sum. So each sheet is made anew from the tables, by
other code than the writer's, and its lines are compared as texts with those in the file.
"""

from __future__ import annotations

import re
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from xml.sax.saxutils import unescape

import numpy as np
import pandas as pd
import pyarrow as pa

from copd_strat.errors import OutputError

Line = tuple[str, ...]

# Said once more and not read from the writer, whose slip would be ours too.
_LEVELS = {"practice": "Practice", "pcn": "Network", "sub_icb": "Sub-ICB location", "icb": "Board"}
_NOT_SHOWN = {"suppressed_small": "hidden", "not_applicable": "nobody", "insufficient_data": "not observable"}
_FIRST_SHEET = 2  # the first has notes
_DAY_ZERO = date(1899, 12, 30)  # of a workbook
_CHUNK = 1 << 20
_CELL = re.compile(
    r'<c r="([A-Z]+)[0-9]+"(?: s="[0-9]+")?(?: t="inlineStr")?>'
    r"(?:<is><t(?: [^>]*)?>([^<]*)</t></is>|<v>([^<]*)</v>)</c>"
)
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")


def require_totals(workbook: Path, tables: Mapping[str, pa.Table]) -> None:
    """OutputError unless every sheet of figures in ``workbook`` has the lines of the published ``tables``."""
    names = ("fact_indicator", "dim_org", "dim_period", "dim_indicator")
    facts, places, periods, indicators = (tables[name].to_pandas(date_as_object=True) for name in names)
    totals = facts[facts["is_latest"].astype(bool) & (facts["breakdown_type"] == "all")]
    totals = totals.assign(label=totals["period_key"].map(periods.set_index("period_key")["label"]))
    with zipfile.ZipFile(workbook) as packed:
        for number, (topic, own) in enumerate(indicators.groupby("topic"), start=_FIRST_SHEET):
            wanted = _sheet(totals, places.set_index("org_key"), own)
            header, *lines = (tuple(row) for row in _rows(packed, number, wanted.shape[1]))
            if header != tuple(wanted.columns):
                raise _differs(workbook, str(topic), "headings")
            if Counter(map(hash, lines)) != Counter(map(hash, _lines(wanted))):
                raise _differs(workbook, str(topic), _first_other(wanted, lines))


def _sheet(totals: pd.DataFrame, places: pd.DataFrame, indicators: pd.DataFrame) -> pd.DataFrame:
    """What a sheet must say of some indicators: a row a place and period, texts under their headings."""
    keys = ["org_key", "period_key"]
    own = totals[totals["indicator_id"].isin(indicators["indicator_id"])]
    rows = own.drop_duplicates(keys)
    where = places.loc[rows["org_key"]]
    shown: dict[str, Iterable[str]] = {
        "Level": where["org_level"].map(_LEVELS),
        "Name": where["org_name"],
        "Code": where["org_code"],
        "Part of": where["parent_name"].fillna(""),
        "Length": rows["period_type"],
        "Period": rows["label"],
        "First day": _day_numbers(rows["period_start"]),
        "Last day": _day_numbers(rows["period_end"]),
        "Provisional": np.where(rows["is_provisional"].astype(bool), "yes", "no"),
    }
    lines = pd.MultiIndex.from_frame(rows[keys])
    for item in indicators.itertuples():
        figures = own[own["indicator_id"] == item.indicator_id].set_index(keys)
        shown[f"{item.name}: number"] = _texts(figures, "numerator", lines)
        if item.kind != "count":
            shown[f"{item.name}: {item.unit}"] = _texts(figures, "value", lines)
    return pd.DataFrame({heading: list(texts) for heading, texts in shown.items()})


def _texts(figures: pd.DataFrame, number: str, lines: pd.MultiIndex) -> list[str]:
    """The cells of a column; a figure that is not published for a place and period has none."""
    pairs = zip(figures[number], figures["value_status"], strict=True)
    texts = [_NOT_SHOWN[status] if pd.isna(value) else f"{value:.16G}" for value, status in pairs]
    return pd.Series(texts, index=figures.index, dtype=object).reindex(lines).fillna("").tolist()


def _day_numbers(column: pd.Series) -> list[str]:
    return [str((day - _DAY_ZERO).days) for day in column]


def _lines(sheet: pd.DataFrame) -> Iterator[Line]:
    return sheet.itertuples(index=False, name=None)


def _first_other(wanted: pd.DataFrame, lines: list[Line]) -> str:
    """The first column that has other cells, told of places and periods."""
    found = pd.DataFrame(lines, columns=wanted.columns)
    where = list(wanted.columns[: wanted.columns.get_loc("Provisional")])
    for heading in wanted.columns:
        columns = list(dict.fromkeys([*where, heading]))
        if Counter(_lines(found[columns])) != Counter(_lines(wanted[columns])):
            return heading if heading not in where else "places and periods"
    return "lines"


def _differs(workbook: Path, topic: str, what: str) -> OutputError:
    return OutputError(
        f"{workbook}: sheet {topic}, {what}: not what the published tables say",
        fix="this is a fault of the program: nothing was published; please report it",
    )


def _rows(packed: zipfile.ZipFile, number: int, width: int) -> Iterator[list[str]]:
    """The cells of a sheet's rows as texts, empty where there is none; a pattern finds them in the file, since a
    reader of workbooks takes thirty times as long."""
    with packed.open(f"xl/worksheets/sheet{number}.xml") as sheet:
        rest = b""
        for chunk in iter(lambda: sheet.read(_CHUNK), b""):
            *rows, rest = (rest + chunk).split(b"</row>")
            yield from (_cells(row.decode(), width) for row in rows)


def _cells(row: str, width: int) -> list[str]:
    cells = [""] * width
    for column, text, number in _CELL.findall(row):
        at = _place(column)
        cells += [""] * (at + 1 - len(cells))  # a column too many makes another line
        cells[at] = number or _written(text)
    return cells


@cache
def _place(letters: str) -> int:
    """A column's place, from 0: A, B … Z, AA."""
    place = 0
    for letter in letters:
        place = 26 * place + ord(letter) - ord("A") + 1
    return place - 1


def _written(text: str) -> str:
    """A text as it was before the form of the file escaped some of its characters."""
    return (
        _ESCAPED.sub(lambda found: chr(int(found[1], 16)), unescape(text))
        if "&" in text or "_x" in text
        else text
    )
