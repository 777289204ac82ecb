"""The lists opened and saved by a real office suite: nothing changes in ids, dates, accents or formulas."""

from __future__ import annotations

import csv
import shutil
import subprocess
from datetime import date
from pathlib import Path

import pytest
from lists_example import PATIENTS, night, patient, write

pytestmark = pytest.mark.needs_office


def resaved(path: Path, folder: Path, filter_in: str | None = None) -> list[list[str]]:
    """``path`` opened by the office suite and saved as UTF-8 CSV, cell contents as shown."""
    office = shutil.which("soffice") or shutil.which("libreoffice")
    assert office is not None
    command = [office, "--headless", f"-env:UserInstallation=file://{folder}/profile"]
    if filter_in:
        command += [f"--infilter={filter_in}"]
    command += [
        "--convert-to",
        "csv:Text - txt - csv (StarCalc):44,34,76,1,,2057",
        "--outdir",
        str(folder),
        str(path),
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    with (folder / f"{path.stem}.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.reader(stream))


def test_csv_and_workbook_survive_an_office_suite(tmp_path: Path) -> None:
    last = date(2026, 3, 1)
    hostile = patient("p9", smoking_status="=1+1 Å", risk_severe_12m=0.4, last_exacerbation_date=last)
    files = write(tmp_path / "run", night(*PATIENTS, hostile))
    clinic = {f.path.suffix: f.path for f in files if f.name == "clinic" and f.practice_id == "A81001"}
    with clinic[".csv"].open(encoding="utf-8-sig", newline="") as stream:
        wanted = list(csv.reader(stream))
    (tmp_path / "x").mkdir()
    (tmp_path / "c").mkdir()
    assert [without_iso_style(row) for row in resaved(clinic[".xlsx"], tmp_path / "x")] == wanted
    # 44 comma, 34 quote, 76 UTF-8, first line 1, no column formats, language 2057 (English, UK),
    # quoted cells not forced to text, special numbers (dates) recognised: as a double click would
    as_double_clicked = "CSV:44,34,76,1,,2057,false,true"
    from_csv = resaved(clinic[".csv"], tmp_path / "c", as_double_clicked)
    assert [without_iso_style(row) for row in from_csv] == wanted


def without_iso_style(row: list[str]) -> list[str]:
    """Dates that the suite shows in the British way, as ISO again: the day must be the same."""
    return ["-".join(reversed(cell.split("/"))) if cell.count("/") == 2 else cell for cell in row]
