"""A list goes out, is filled in, comes back, and holds."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from click.testing import CliRunner, Result
from lists_example import AS_OF, PATIENTS, night, write

from copd_strat.cli import commands
from copd_strat.errors import InputError
from copd_strat.lists import returned_decisions
from copd_strat.pathways import assign, load_policy, validate_decisions


def answered(path: Path, encoding: str, **cells: str) -> Path:
    table = pd.read_csv(path, dtype="str", encoding="utf-8-sig", keep_default_na=False)
    for name, text in cells.items():
        table.loc[0, name] = text
    table.to_csv(path, index=False, encoding=encoding, lineterminator="\r\n")
    return path


@pytest.mark.parametrize(("encoding", "day"), [("utf-8-sig", "2026-04-01"), ("cp1252", "01/04/2026")])
def test_a_filled_in_list_becomes_decisions_that_hold(encoding: str, day: str, tmp_path: Path) -> None:
    first = night(*PATIENTS)
    files = write(tmp_path, first)
    clinic = next(f.path for f in files if f.rows == 2 and f.name == "clinic" and f.path.suffix == ".csv")
    answer = {"clinician_decision": "Declined", "decision_reason": "prefers café visits", "decided_on": day}
    decisions = returned_decisions([answered(clinic, encoding, **answer)])
    assert decisions[["practice_id", "decision", "reason"]].to_numpy().tolist() == [
        ["A81001", "Declined", "prefers café visits"]
    ]
    assert decisions["decided_on"].tolist() == [date(2026, 4, 1)]
    assert len(validate_decisions(decisions, AS_OF).accepted) == 1
    patients = first.patients.drop(columns=["disposition"])
    second = assign(
        patients,
        load_policy("risk_and_rules"),
        as_of=AS_OF + timedelta(days=1),
        previous=first.history,
        decisions=decisions,
    )
    assert "left: declined" in second.changes["change"].tolist()


def test_blank_answers_are_no_decisions_and_other_files_are_refused(tmp_path: Path) -> None:
    files = write(tmp_path, night(*PATIENTS))
    lists = [f.path for f in files if f.path.suffix == ".csv" and f.name != "changes"]
    assert returned_decisions(lists).empty
    with pytest.raises(InputError, match="not a returned list"):
        returned_decisions([next(f.path for f in files if f.name == "changes" and f.path.suffix == ".csv")])
    with pytest.raises(InputError, match="cannot be read"):
        returned_decisions([tmp_path / "none.csv"])


def answered_workbook(path: Path, **cells: object) -> Path:
    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[0]
    header = [cell.value for cell in sheet[1]]
    for name, value in cells.items():
        sheet.cell(row=2, column=header.index(name) + 1, value=value)
    book.save(path)
    return path


def command(*arguments: object) -> Result:
    return CliRunner().invoke(
        commands, ["decisions", *map(str, arguments), "--as-of", AS_OF.isoformat()], catch_exceptions=False
    )


def clinic_list(folder: Path, ending: str) -> Path:
    files = write(folder, night(*PATIENTS))
    return next(f.path for f in files if f.rows == 2 and f.name == "clinic" and f.path.suffix == ending)


def test_a_folder_of_lists_becomes_the_decisions_table_and_earlier_answers_stay(tmp_path: Path) -> None:
    answered(
        clinic_list(tmp_path, ".csv"), "utf-8-sig", clinician_decision="Declined", decided_on="01/03/2026"
    )
    output = tmp_path / "decisions.csv"
    first = command(tmp_path / "direct_care", "-o", output)
    assert first.exit_code == 0
    assert "answers 1, held already 0" in first.output
    assert "100%" in first.output
    answered_workbook(
        clinic_list(tmp_path, ".xlsx"), clinician_decision="accepted", decided_on=datetime(2026, 3, 20)
    )
    command(tmp_path / "direct_care", "-o", output)
    table = pd.read_csv(output, dtype="str")
    assert table[["practice_id", "decision", "decided_on"]].to_numpy().tolist() == [
        ["A81001", "declined", "2026-03-01"],
        ["A81001", "accepted", "2026-03-20"],
    ]
    assert len(validate_decisions(table, AS_OF).accepted) == 2
    command(tmp_path / "direct_care", "-o", output)
    assert len(pd.read_csv(output)) == 2


def test_answers_that_cannot_be_used_are_kept_apart_with_their_problem(tmp_path: Path) -> None:
    path = answered(clinic_list(tmp_path, ".csv"), "utf-8-sig", clinician_decision="maybe")
    found = command(path, "-o", tmp_path / "decisions.csv")
    assert found.exit_code == 0
    assert "cannot be used: 1 (not a known decision)" in found.output
    assert pd.read_csv(tmp_path / "decisions.csv").empty
    refused = pd.read_csv(tmp_path / "refused_decisions.csv", dtype="str")
    assert refused[["practice_id", "problem"]].to_numpy().tolist() == [["A81001", "not a known decision"]]
    assert refused["patient_ref"].iloc[0] not in found.output


def test_a_table_of_something_else_is_not_overwritten(tmp_path: Path) -> None:
    path = answered(clinic_list(tmp_path, ".csv"), "utf-8-sig", clinician_decision="accepted")
    (tmp_path / "decisions.csv").write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="is not a decisions table"):
        command(path, "-o", tmp_path / "decisions.csv")
    assert (tmp_path / "decisions.csv").read_text() == "a,b\n1,2\n"
    for content in (b"", "practice_id,r\u00e9f\n".encode("cp1252")):
        (tmp_path / "held.csv").write_bytes(content)
        with pytest.raises(InputError, match=r"held\.csv: cannot be read"):
            command(path, "-o", tmp_path / "held.csv")
        assert (tmp_path / "held.csv").read_bytes() == content
    nothing = tmp_path / "nothing"
    nothing.mkdir()
    with pytest.raises(InputError, match="no returned list was found"):
        command(nothing, "-o", tmp_path / "new.csv")
    (tmp_path / "broken.xlsx").write_bytes(b"PK")
    with pytest.raises(InputError, match=r"broken\.xlsx: not a workbook"):
        command(tmp_path / "broken.xlsx", "-o", tmp_path / "new.csv")
