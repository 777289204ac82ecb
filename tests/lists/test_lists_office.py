"""The lists opened and saved by a real office suite: nothing changes in ids, dates, accents or formulas, and
an answer comes back from every form in which it saves them.
"""

from __future__ import annotations

import csv
import shutil
import subprocess
from datetime import date, datetime
from pathlib import Path

import pytest
from lists_example import AS_OF, PATIENTS, night, patient, write
from test_lists_returned import answered_workbook, one_answer

from copd_strat.lists import returned_answers

pytestmark = pytest.mark.needs_office

# 44 comma, 59 semicolon, 34 quote, 76 UTF-8, 65535 UTF-16, first line 1, no column formats, language 2057
# (English, UK), quoted cells not forced to text, special numbers (dates) recognised: as a double click would
AS_DOUBLE_CLICKED = "CSV:44,34,76,1,,2057,false,true"
SAVED_AS = {
    "workbook": "xlsx",
    "text with commas": "csv:Text - txt - csv (StarCalc):44,34,76,1,,2057",
    "text with semicolons": "csv:Text - txt - csv (StarCalc):59,34,76,1,,2057",
    "UTF-16": "csv:Text - txt - csv (StarCalc):9,34,65535,1,,2057",
    "Windows letters": "csv:Text - txt - csv (StarCalc):44,34,1,1,,2057",
}


def resaved(path: Path, folder: Path, form: str, filter_in: str | None = None) -> Path:
    """``path`` opened by the office suite and saved in ``form``, cell contents as shown."""
    office = shutil.which("soffice") or shutil.which("libreoffice")
    assert office is not None
    folder.mkdir()
    profile = f"-env:UserInstallation=file://{folder}/profile"
    reading = [f"--infilter={filter_in}"] if filter_in else []
    command = [
        office,
        "--headless",
        profile,
        *reading,
        "--convert-to",
        form,
        "--outdir",
        str(folder),
        str(path),
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    return folder / f"{path.stem}.{form.split(':', maxsplit=1)[0]}"


def lines(path: Path, encoding: str = "utf-8") -> list[list[str]]:
    with path.open(encoding=encoding, newline="") as stream:
        return list(csv.reader(stream))


def test_a_list_as_text_survives_an_office_suite(tmp_path: Path) -> None:
    last = date(2026, 3, 1)
    hostile = patient("p9", smoking_status="=1+1 \u00c5", risk_severe_12m=0.4, last_exacerbation_date=last)
    files = write(tmp_path / "run", night(*PATIENTS, hostile))
    clinic = next(f.path for f in files if f.rows == 3 and f.path.suffix == ".csv")
    saved = resaved(clinic, tmp_path / "saved", SAVED_AS["text with commas"], AS_DOUBLE_CLICKED)
    assert [without_iso_style(row) for row in lines(saved)] == lines(clinic, "utf-8-sig")


def without_iso_style(row: list[str]) -> list[str]:
    """Dates that the suite shows in the British way, as ISO again: the day must be the same."""
    return ["-".join(reversed(cell.split("/"))) if cell.count("/") == 2 else cell for cell in row]


@pytest.mark.parametrize("form", SAVED_AS.values(), ids=SAVED_AS)
def test_an_answer_in_a_workbook_comes_back_however_it_is_saved(form: str, tmp_path: Path) -> None:
    files = write(tmp_path / "run", night(*PATIENTS))
    clinic = next(f.path for f in files if f.rows == 2 and f.name == "clinic" and f.path.suffix == ".xlsx")
    answered_workbook(clinic, Decision="declined", Reason="caf\u00e9 visits", Date=datetime(2026, 3, 1))
    answer = one_answer(returned_answers([resaved(clinic, tmp_path / "saved", form)], AS_OF))
    assert (answer["practice_id"], answer["run_id"]) == ("A81001", "20260402-3f9a1c")
    assert (answer["decision"], answer["reason"]) == ("declined", "caf\u00e9 visits")
    assert answer["decided_on"] == date(2026, 3, 1)
