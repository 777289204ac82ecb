"""A list that says of one person what is known of another, or a workbook unlike its CSV, stops the night."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from lists_example import night, patient, write

from copd_strat.errors import OutputError
from copd_strat.lists import list_tables, print_sheets
from copd_strat.lists import write as writing
from copd_strat.lists.list_columns import every_column
from copd_strat.lists.read_back import KnownFacts, read_lines, require_alike

# Three in the clinic tier, each with reasons and dates of their own; words that only a sheet changes.
PEOPLE = tuple(
    patient(
        f"p{number}",
        severe_exacerbations_12m=number,
        exacerbations_12m=number,
        last_severe_date=date(2026, 2, number),
        last_exacerbation_date=date(2026, 2, number),
        last_copd_review_date=date(2025, 11, number),
        risk_severe_12m=number / 10,
        risk_any_12m=number / 10 + 0.05,
        mrc=number,
        smoking_status=("current", "=1+1", "_x0041_ & <b>")[number - 1],
    )
    for number in (1, 2, 3)
)


def of_another_row(table: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """As where one column was taken before the sort and the others after it."""
    return table.assign(**{name: table[name].to_numpy()[::-1] for name in columns})


def after(module: Any, name: str, change: Callable[[Any], Any]) -> Callable[[pytest.MonkeyPatch], None]:
    """``module.name`` gives what ``change`` makes of its result."""
    right = getattr(module, name)
    return lambda patched: patched.setattr(module, name, lambda *a, **k: change(right(*a, **k)))


def reads(column: str, instead: str) -> Callable[[pytest.MonkeyPatch], None]:
    """The list's table takes one column of the patients for another."""
    right = list_tables.tier_table
    return lambda patched: patched.setattr(
        writing,
        "tier_table",
        lambda patients, *rest: right(patients.assign(**{column: patients[instead]}), *rest),
    )


def sheet_rows(change: Callable[[pd.DataFrame], pd.DataFrame]) -> Callable[[pytest.MonkeyPatch], None]:
    """The workbook alone is made of another table than the CSV."""
    right = print_sheets.sheets_of

    def changed(name: str, table: pd.DataFrame, *rest: Any, **more: Any) -> Any:
        return right(name, change(table) if name == "clinic" and len(table) else table, *rest, **more)

    return lambda patched: patched.setattr(writing, "sheets_of", changed)


FAULTS = {
    "reasons of another patient": (after(writing, "tier_table", lambda t: of_another_row(t, "why_1")), "why_1"),
    "risks of another patient": (
        after(writing, "tier_table", lambda t: of_another_row(t, "risk_12m")),
        "risk_12m",
    ),
    "one date for another": (reads("last_exacerbation_date", "last_copd_review_date"), "last_exacerbation"),
    "one risk for another": (reads("risk_severe_12m", "risk_any_12m"), "risk_12m"),
    "a line too few in the workbook": (sheet_rows(lambda t: t[t["rank"] != 2]), "sheet 1 has 2 lines"),
    "the workbook in another order": (sheet_rows(lambda t: t.iloc[::-1]), "sheet 1, column Rank"),
    "reasons of another in the workbook": (
        sheet_rows(lambda t: of_another_row(t, "why_1", "why_2")),
        "sheet 1, column Why",
    ),
    "a date of another in the workbook": (
        sheet_rows(lambda t: of_another_row(t, "last_copd_review")),
        "sheet 2, column Last COPD review",
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_the_writer_stops_the_night(
    fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant, said = FAULTS[fault]
    plant(monkeypatch)
    with pytest.raises(OutputError, match=said) as stopped:
        write(tmp_path, night(*PEOPLE))
    assert "CP-" not in str(stopped.value)


def test_lists_without_a_fault_are_written_whatever_stands_in_them(tmp_path: Path) -> None:
    files = write(tmp_path, night(*PEOPLE), identity=True)
    clinic = next(file for file in files if file.name == "clinic" and file.rows)
    assert [line["smoking"] for line in read_lines(clinic.path)] == ["_x0041_ & <b>", "'=1+1", "current"]


def test_every_cell_of_a_workbook_is_compared(tmp_path: Path) -> None:
    """A cell of the CSV that is another one is noticed, but for what a sheet does not show by itself."""
    files = write(tmp_path, night(*PEOPLE))
    clinic = next(file for file in files if file.name == "clinic" and file.rows)
    workbook, columns = clinic.path.with_suffix(".xlsx"), every_column("clinic")
    unnoticed = set()
    for name in read_lines(clinic.path)[0]:
        lines = read_lines(clinic.path)
        lines[-1][name] += "9"
        try:
            require_alike(workbook, lines, columns)
        except OutputError:
            continue
        unnoticed.add(name)
    assert unnoticed == {"data_warning", "data_label"}


def test_every_fact_of_a_line_is_looked_up(tmp_path: Path) -> None:
    placed = night(*PEOPLE)
    files = write(tmp_path, placed)
    path = next(file.path for file in files if file.name == "clinic" and file.rows)
    known, unnoticed = KnownFacts(placed.patients), set()
    for name in read_lines(path)[0]:
        lines = read_lines(path)
        lines[-1][name] += "9"
        try:
            known.require(path, lines)
        except OutputError:
            continue
        unnoticed.add(name)
    answers = {"clinician_decision", "decision_reason", "decided_on"}
    assert unnoticed == {
        "rank",
        "route",
        "patient_ref",
        "tier",
        "practice_id",
        "run_id",
        "data_label",
        *answers,
    }
