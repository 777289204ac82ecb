"""The workbook says what the published tables say: no figure more, none less, and words where there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pyarrow as pa
import pytest
from summary_fixture import stamp

from copd_strat.errors import OutputError
from copd_strat.summary import totals_workbook
from copd_strat.summary.summarise import SummaryResult
from copd_strat.summary.totals_read_back import require_totals
from copd_strat.summary.totals_workbook import WORDS, WORKBOOK, write_totals

LEVELS = {"Practice": "practice", "Network": "pcn", "Sub-ICB location": "sub_icb", "Board": "icb"}


def figures_in(path: Path) -> dict[tuple[str, str, str, str], object]:
    """Cells by level, code, period and heading; those that stand empty left out."""
    book = openpyxl.load_workbook(path)
    found: dict[tuple[str, str, str, str], object] = {}
    for sheet in book.worksheets:
        if sheet.title in ("Read me", "Definitions"):
            continue
        heads, *rows = sheet.iter_rows()
        names = [cell.value for cell in heads]
        for row in rows:
            line = dict(zip(names, row, strict=True))
            for name in names[9:]:
                assert line[name].data_type in ("n", "s"), (
                    "a formula, a date or an error in a cell of figures"
                )
                if line[name].value is not None:
                    key = (line["Level"].value, line["Code"].value, line["Period"].value, name)
                    found[key] = line[name].value
    return found


def figures_of(tables: dict[str, pa.Table]) -> dict[tuple[str, str, str, str], object]:
    """The same, from the published tables."""
    frames = {name: table.to_pandas(date_as_object=True) for name, table in tables.items()}
    rows = frames["fact_indicator"]
    rows = rows[rows["is_latest"] & (rows["breakdown_type"] == "all")]
    for name in ("dim_org", "dim_period", "dim_indicator"):
        key = {"dim_org": "org_key", "dim_period": "period_key", "dim_indicator": "indicator_id"}[name]
        new = [column for column in frames[name] if column == key or column not in rows]
        rows = rows.merge(frames[name][new], on=key)
    words = {level: word for word, level in LEVELS.items()}
    found: dict[tuple[str, str, str, str], object] = {}
    for row in rows.itertuples():
        place = (words[row.org_level], row.org_code, row.label)
        numbers = {"number": row.numerator} | ({} if row.kind == "count" else {row.unit: row.value})
        for heading, number in numbers.items():
            shown = WORDS[row.value_status] if pd.isna(number) else number
            found[(*place, f"{row.name}: {heading}")] = shown
    return found


def test_every_figure_of_the_workbook_is_the_table_s_and_none_is_missing(
    summary: tuple[Path, SummaryResult],
) -> None:
    in_book, in_tables = figures_in(summary[0] / WORKBOOK), figures_of(summary[1].tables)
    assert in_book == in_tables
    assert WORDS["suppressed_small"] in in_book.values()


def test_the_read_me_explains_every_word_that_stands_for_a_figure(
    summary: tuple[Path, SummaryResult],
) -> None:
    book = openpyxl.load_workbook(summary[0] / WORKBOOK, read_only=True)
    notes = " ".join(str(row[0]) for row in book["Read me"].iter_rows(values_only=True))
    assert all(f"{word}: " in notes for word in WORDS.values())
    # parts of a total of 0 can be hidden, and months in which a service was not seen may have had none
    assert notes.count("may be 0 or not") == 2


def test_level_and_length_say_which_cells_are_empty(summary: tuple[Path, SummaryResult]) -> None:
    """Whoever filters by both has, of each figure, all its rows or none: what is empty is not published there."""
    notes = [row[0] for row in openpyxl.load_workbook(summary[0] / WORKBOOK)["Read me"].values]
    assert any(str(note).startswith("an empty cell: ") for note in notes)
    empty = 0
    for sheet in openpyxl.load_workbook(summary[0] / WORKBOOK).worksheets[1:-1]:
        rows = pd.DataFrame(list(sheet.values)[1:], columns=[cell.value for cell in sheet[1]])
        rows = rows[rows["Level"] == "Board"]  # of one board, which has every period
        for _, own in rows.groupby("Length"):
            there = own.iloc[:, 9:].notna()
            assert (there.all() | ~there.any()).all()
            empty += int((~there.any()).sum())
    assert empty


def test_a_sheet_a_topic(summary: tuple[Path, SummaryResult]) -> None:
    topics = summary[1].tables["dim_indicator"]["topic"].to_pylist()
    book = openpyxl.load_workbook(summary[0] / WORKBOOK, read_only=True)
    assert book.sheetnames == ["Read me", *sorted(set(topics)), "Definitions"]


def test_a_name_that_looks_like_a_formula_stays_text(
    summary: tuple[Path, SummaryResult], tmp_path: Path
) -> None:
    tables = summary[1].tables
    names = pa.array(["=1+1" for _ in range(tables["dim_org"].num_rows)])
    place = tables["dim_org"].schema.names.index("org_name")
    field = tables["dim_org"].schema.field("org_name")
    write_totals(
        tmp_path / "t.xlsx", {**tables, "dim_org": tables["dim_org"].set_column(place, field, names)}, stamp()
    )
    cells = [
        cell
        for sheet in openpyxl.load_workbook(tmp_path / "t.xlsx").worksheets
        for row in sheet.iter_rows()
        for cell in row
        if cell.value == "=1+1"
    ]
    assert cells
    assert {cell.data_type for cell in cells} == {"s"}


def another_column(patched: pytest.MonkeyPatch) -> None:
    """Two headings exchanged: each column of figures stands under the other's."""
    right = totals_workbook._columns

    def exchanged(indicators: pd.DataFrame) -> list[totals_workbook.TopicColumn]:
        first, second, *rest = right(indicators)
        return [replace(first, heading=second.heading), replace(second, heading=first.heading), *rest]

    patched.setattr(totals_workbook, "_columns", exchanged)


def another_number(patched: pytest.MonkeyPatch) -> None:
    right = totals_workbook._columns
    patched.setattr(
        totals_workbook, "_columns", lambda own: [replace(one, number="numerator") for one in right(own)]
    )


def of_another_place(patched: pytest.MonkeyPatch) -> None:
    right = totals_workbook._lines

    def shifted(rows: pd.DataFrame) -> Iterator[tuple[Any, Any]]:
        lines = list(right(rows))
        figures = [figures for _, figures in lines]
        return zip((place for place, _ in lines), figures[1:] + figures[:1], strict=True)

    patched.setattr(totals_workbook, "_lines", shifted)


def a_line_too_few(patched: pytest.MonkeyPatch) -> None:
    right = totals_workbook._lines
    patched.setattr(totals_workbook, "_lines", lambda rows: islice(right(rows), 1, None))


def words_exchanged(patched: pytest.MonkeyPatch) -> None:
    patched.setitem(WORDS, "suppressed_small", "nobody")


FAULTS: dict[Callable[[pytest.MonkeyPatch], None], str] = {
    another_column: "headings",
    another_number: "per 100 people",
    of_another_place: "number",
    a_line_too_few: "places and periods",
    words_exchanged: "number",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_the_writer_stops_the_night(
    fault: Callable[[pytest.MonkeyPatch], None],
    summary: tuple[Path, SummaryResult],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fault(monkeypatch)
    write_totals(tmp_path / WORKBOOK, summary[1].tables, stamp())
    with pytest.raises(OutputError, match=FAULTS[fault]):
        require_totals(tmp_path / WORKBOOK, summary[1].tables)


def test_names_of_any_letters_are_read_back(summary: tuple[Path, SummaryResult], tmp_path: Path) -> None:
    places = summary[1].tables["dim_org"].to_pandas()
    odd = [' <A> & "B" ', "_x0041_", "Caf\u00e9\x0b", "=1+1", "\u2603" * 5]
    names = [f"{odd[n % len(odd)]}{n}" for n in range(len(places))]
    table = pa.Table.from_pandas(places.assign(org_name=names), preserve_index=False)
    tables = {**summary[1].tables, "dim_org": table}
    write_totals(tmp_path / WORKBOOK, tables, stamp())
    require_totals(tmp_path / WORKBOOK, tables)
