"""The lists opened and saved by a real office suite: nothing changes in ids, dates, accents or formulas, and
an answer comes back from every form in which it saves them.
"""

from __future__ import annotations

import csv
import re
import shutil
import subprocess
from datetime import date, datetime
from pathlib import Path
from random import Random

import openpyxl
import pandas as pd
import pytest
from lists_example import AS_OF, PATIENTS, STAMP, night, patient, write
from test_lists_returned import answered_workbook, one_answer

from copd_strat.lists import returned_answers
from copd_strat.lists.list_columns import ListColumn, csv_columns
from copd_strat.lists.print_sheets import Sheet
from copd_strat.lists.workbook import Page, write_workbook

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


MEANINGS = " ".join(column.meaning for column in csv_columns("clinic", STAMP)).split()


def texts(seed: int, rows: int) -> list[str]:
    """One to three paragraphs of a list's own words, with dates that do not break."""
    chance = Random(seed)
    return [
        "\n".join(
            " ".join([*chance.choices(MEANINGS, k=chance.randint(1, 25)), "14\xa0Oct\xa02026"])
            for _ in range(chance.randint(1, 3))
        )
        for _ in range(rows)
    ]


def heights(path: Path) -> list[float]:
    """Of all rows of the sheets, in points; none of those of which none is said."""
    sheets = openpyxl.load_workbook(path).worksheets
    return [sheet.row_dimensions[row].height for sheet in sheets for row in range(1, sheet.max_row + 1)]


def fitted_by_the_suite(path: Path, folder: Path) -> list[float]:
    """Heights that the suite gives the rows where none is said."""
    plain = resaved(path, folder, "fods")
    said = re.sub(r' style:row-height="[^"]*"', "", plain.read_text(encoding="utf-8"))
    plain.write_text(
        said.replace('use-optimal-row-height="false"', 'use-optimal-row-height="true"'), encoding="utf-8"
    )
    return heights(resaved(plain, folder / "fitted", "xlsx"))


def test_every_row_is_high_enough_and_none_half_empty(tmp_path: Path) -> None:
    """Heights are worked out without the fonts; the suite measures the same texts with them."""
    wide = {"a": 19, "b": 26, "c": 40}
    columns = tuple(
        ListColumn(name=name, heading=f"Heading {name}", meaning="", width=width)
        for name, width in wide.items()
    )
    frame = pd.DataFrame({name: texts(seed, 60) for seed, name in enumerate(wide)})
    path = tmp_path / "list.xlsx"
    page = Page(heading="List", footer="", made_on=AS_OF, properties="")
    key = [(text.split("\n")[0], text.replace("\n", " ")) for text in texts(3, 20)]
    write_workbook(path, [Sheet(title="List", columns=columns, frame=frame, frozen=1)], key, page)
    ours, needed = heights(path), fitted_by_the_suite(path, tmp_path / "suite")
    assert len(needed) == len(ours) == 61 + 20
    assert max(needed[1:]) > 5 * min(needed)  # the suite did measure them
    assert [row for row, (own, its) in enumerate(zip(ours, needed, strict=True)) if own < its] == []
    # its lines are 11.2 points high, another suite's 12.75
    assert sum(ours) < 1.3 * sum(needed)
