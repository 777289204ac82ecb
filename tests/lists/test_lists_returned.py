"""A list goes out, is filled in, comes back, and holds."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest
from lists_example import AS_OF, PATIENTS, night, write

from copd_strat.errors import InputError
from copd_strat.outputs.lists import returned_decisions
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
