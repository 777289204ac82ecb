"""The page that walks through a list shows what the program writes."""

from __future__ import annotations

from pathlib import Path

import pytest
from lists_example import KEY
from lists_page import PAGE, PICTURE, page_lists, page_table

from copd_strat.lists.list_columns import CHANGE_COLUMNS, TIER_COLUMNS


def test_the_list_on_the_page_is_the_list_the_program_writes(tmp_path: Path) -> None:
    assert page_table(page_lists(tmp_path)) in PAGE.read_text("utf-8"), "run tests/lists/lists_page.py"
    assert PICTURE.is_file()


def test_the_page_explains_every_column() -> None:
    page = PAGE.read_text("utf-8")
    assert [c.name for c in (*TIER_COLUMNS, *CHANGE_COLUMNS) if f"`{c.name}`" not in page] == []


def test_the_recipe_for_the_key_sheet_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("COPD_STRAT_REFERENCE_KEY", raising=False)
    (tmp_path / "reference.key").touch(mode=0o600)
    (tmp_path / "reference.key").write_bytes(KEY)
    (tmp_path / "link.csv").write_text("practice_id,patient_id,local\nA81001,p1,17\n", encoding="utf-8")
    recipe = PAGE.read_text("utf-8").split("```python\n")[1].split("```")[0]
    exec(compile(recipe, str(PAGE), "exec"), {})
    assert "CP-G0ZW-0YCP-2" in (tmp_path / "key_sheet.csv").read_text("utf-8")
