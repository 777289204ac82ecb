"""The published totals as one workbook, for readers who have a spreadsheet and nothing else.

It is made from the published tables alone, so that it can say nothing they do not. A sheet a topic, a row a
place and period; a figure that is not shown stands as a word, so that a sum leaves it out and a reader sees why.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import groupby
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import xlsxwriter

from copd_strat.plan import RunStamp
from copd_strat.summary.cube import LEVELS

WORKBOOK = "totals.xlsx"
#: Words in place of a figure that is not shown.
WORDS = {"suppressed_small": "hidden", "not_applicable": "nobody", "insufficient_data": "not observable"}
_PLACES = {"practice": "Practice", "pcn": "Network", "sub_icb": "Sub-ICB location", "icb": "Board"}
_HEADINGS = ("Level", "Name", "Code", "Part of", "Length", "Period", "First day", "Last day", "Provisional")
_WIDTHS = (16, 28, 12, 40, 10, 26, 12, 12, 12)
_WIDTH_OF_FIGURES = 16
# Text stays text: no formula, address or number is ever made of what came from data. Rows go to disk one by one.
_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
_NOTES = (
    "Totals by place and period after disclosure control. The same figures, breakdowns by sex, age, deprivation"
    " and ethnic group, and control charts stand in the CSV and Parquet files beside this workbook.",
    "hidden: the number is small, or would give a small number away. It may be 0 or not.",
    "nobody: there is nobody to count among. not observable: no source covers the whole period. It may be 0 or not.",
    "Counts are rounded to the nearest 5. Do not add places of different levels: each level counts the same"
    " people again. Nor add a rate.",
    "an empty cell: the figure is not published for periods of that length at that level. Filter by level and length to"
    " have its rows only.",
    "Provisional months are revised once, three months later. Rare events are given by quarter or financial year.",
)


_OF_PLACES = (
    "org_key",
    "org_level",
    "org_name",
    "org_code",
    "parent_name",
    "period_key",
    "period_type",
    "label",
    "period_start",
    "period_end",
    "is_provisional",
)
_OF_FIGURES = ("indicator_id", "numerator", "value", "value_status")


@dataclass(frozen=True)
class TopicColumn:
    """One column of figures: the heading, and which number of which indicator stands in it."""

    heading: str
    indicator: str
    number: str


def write_totals(path: Path, tables: Mapping[str, pa.Table], run: RunStamp) -> None:
    """Write the workbook of the published ``tables``; same tables and run date, same bytes."""
    frames = {
        name: tables[name].to_pandas(date_as_object=True)
        for name in ("fact_indicator", "dim_org", "dim_period", "dim_indicator")
    }
    totals = _totals(frames)
    with xlsxwriter.Workbook(str(path), _OPTIONS) as book:
        made = datetime.combine(run.as_of, time())  # not the clock, so that the bytes can be compared
        book.set_properties({"title": run.title, "created": made})
        styles = {
            "bold": book.add_format({"bold": True, "text_wrap": True, "valign": "top"}),
            "wrapped": book.add_format({"text_wrap": True, "valign": "top"}),
            "day": book.add_format({"num_format": "d mmm yyyy"}),
            "numerator": book.add_format({"num_format": "#,##0"}),
            "value": book.add_format({"num_format": "#,##0.0"}),
            "word": book.add_format({"italic": True, "align": "right", "font_color": "#4c6272"}),
        }
        indicators = frames["dim_indicator"]
        _write_notes(book.add_worksheet("Read me"), run, styles)
        for topic in sorted(indicators["topic"].unique()):
            own = indicators[indicators["topic"] == topic]
            rows = totals[totals["indicator_id"].isin(own["indicator_id"])]
            _write_topic(book.add_worksheet(topic), _columns(own), rows, styles)
        _write_definitions(book.add_worksheet("Definitions"), indicators, styles)


def _totals(frames: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """The latest rows without a breakdown, with their place and period in words."""
    facts = frames["fact_indicator"]
    facts = facts[facts["is_latest"] & (facts["breakdown_type"] == "all")]
    places = frames["dim_org"][["org_key", "org_level", "org_path", "org_name", "org_code", "parent_name"]]
    places = places.fillna({"parent_name": ""})  # a board has none
    return facts.merge(places, on="org_key").merge(
        frames["dim_period"][["period_key", "label"]], on="period_key"
    )


def _columns(indicators: pd.DataFrame) -> list[TopicColumn]:
    """The number counted of each indicator, and its rate or percentage where it has one."""
    found = []
    for item in indicators.to_dict("records"):
        found.append(TopicColumn(f"{item['name']}: number", item["indicator_id"], "numerator"))
        if item["kind"] != "count":
            found.append(TopicColumn(f"{item['name']}: {item['unit']}", item["indicator_id"], "value"))
    return found


def _write_notes(sheet: Any, run: RunStamp, styles: Mapping[str, Any]) -> None:
    sheet.set_column(0, 0, 100)
    heading = f"{run.title}, run of {run.as_of:%d %B %Y}"
    for at, line in enumerate((heading, *_NOTES)):
        sheet.write_string(at, 0, line, styles["wrapped" if at else "bold"])


def _write_topic(
    sheet: Any, columns: Sequence[TopicColumn], rows: pd.DataFrame, styles: Mapping[str, Any]
) -> None:
    for at, width in enumerate(_WIDTHS):
        sheet.set_column(at, at, width)
    sheet.set_column(len(_WIDTHS), len(_WIDTHS) + len(columns) - 1, _WIDTH_OF_FIGURES)
    sheet.freeze_panes(1, 2)
    for at, heading in enumerate((*_HEADINGS, *(column.heading for column in columns))):
        sheet.write_string(0, at, heading, styles["bold"])
    last = 0
    for last, (place, figures) in enumerate(_lines(rows), start=1):
        _write_place(sheet, last, place, styles)
        for at, column in enumerate(columns, start=len(_HEADINGS)):
            if column.indicator in figures:  # not published for such a period: the cell stays empty
                _write_figure(sheet, (last, at), figures[column.indicator], column.number, styles)
    sheet.autofilter(0, 0, max(last, 1), len(_HEADINGS) + len(columns) - 1)


def _lines(rows: pd.DataFrame) -> Iterator[tuple[Any, dict[str, Any]]]:
    """Places from boards down, each period by period, with its figures by indicator."""
    order = pd.Categorical(rows["org_level"], categories=LEVELS[::-1], ordered=True)
    rows = rows.assign(org_level=order).sort_values(
        ["org_level", "org_path", "org_key", "period_type", "period_start", "indicator_id"]
    )
    every: Iterable[Any] = rows[[*_OF_PLACES, *_OF_FIGURES]].astype(object).itertuples(index=False)
    for _, own in groupby(every, lambda line: (line.org_key, line.period_key)):
        lines = list(own)
        yield lines[0], {line.indicator_id: line for line in lines}


def _write_place(sheet: Any, row: int, place: Any, styles: Mapping[str, Any]) -> None:
    where = (_PLACES[place.org_level], place.org_name, place.org_code, place.parent_name)
    texts = (*where, place.period_type, place.label)
    for at, text in enumerate(texts):
        sheet.write_string(row, at, text)
    for at, moment in enumerate((place.period_start, place.period_end), start=len(texts)):
        sheet.write_datetime(row, at, _midnight(moment), styles["day"])
    sheet.write_string(row, len(_HEADINGS) - 1, "yes" if place.is_provisional else "no")


def _write_figure(
    sheet: Any, at: tuple[int, int], figure: Any, number: str, styles: Mapping[str, Any]
) -> None:
    value = getattr(figure, number)
    if pd.isna(value):
        sheet.write_string(*at, WORDS[figure.value_status], styles["word"])
    else:
        sheet.write_number(*at, value, styles[number])


def _write_definitions(sheet: Any, indicators: pd.DataFrame, styles: Mapping[str, Any]) -> None:
    wanted = ("topic", "name", "unit", "numerator_definition", "denominator_definition", "source")
    for at, (name, width) in enumerate(zip(wanted, (26, 40, 16, 60, 50, 40), strict=True)):
        sheet.set_column(at, at, width)
        sheet.write_string(0, at, name.replace("_", " ").capitalize(), styles["bold"])
    for row, item in enumerate(indicators[list(wanted)].itertuples(index=False), start=1):
        for at, text in enumerate(item):
            sheet.write_string(row, at, text, styles["wrapped"])


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time())
