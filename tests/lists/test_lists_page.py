"""The page that walks through a list shows what the program writes."""

from __future__ import annotations

from pathlib import Path

from lists_page import PAGE, PICTURE, page_lists, page_table

from copd_strat.lists.list_columns import (
    CHANGE_COLUMNS,
    IDENTITY,
    LABEL,
    MISSING_OR_NEW,
    QUERY_COLUMNS,
    TIER_COLUMNS,
    WHY,
)


def test_the_list_on_the_page_is_the_list_the_program_writes(tmp_path: Path) -> None:
    assert page_table(page_lists(tmp_path)) in PAGE.read_text("utf-8"), "run tests/lists/lists_page.py"
    assert PICTURE.is_file()


def test_the_page_explains_every_column() -> None:
    page = PAGE.read_text("utf-8")
    columns = (*TIER_COLUMNS, *CHANGE_COLUMNS, *QUERY_COLUMNS, *IDENTITY, LABEL)
    assert [c.name for c in columns if f"`{c.name}`" not in page] == []
    shown = [c.heading for c in (*TIER_COLUMNS, *IDENTITY, MISSING_OR_NEW, WHY) if not c.hidden]
    table = page.split("| column of the CSV |")[1].split("\n\n")[0]
    assert [heading for heading in shown if heading not in table and not heading.startswith("Why ")] == []


def test_the_page_names_the_reference_of_its_own_list(tmp_path: Path) -> None:
    first = next(page_lists(tmp_path).glob("*_clinic.csv")).read_text("utf-8-sig").splitlines()[1]
    assert "CP-G0ZW-0YCP-2" in first
    assert "## Who is CP-G0ZW-0YCP-2?" in PAGE.read_text("utf-8")
