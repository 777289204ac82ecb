"""From a list through a practice and back: answers hold on the next night, also under a new reference key."""

from __future__ import annotations

import csv
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest

NEXT_DAY = "2026-04-11"
NEW_KEY = "another key for tests with synthetic people 9876543210"
OLD = {"OLD_REFERENCE_KEY": "a key for tests with synthetic people 0123456789"}
NEW = {"COPD_STRAT_REFERENCE_KEY": NEW_KEY}


def lists_of(site: Any) -> Path:
    pointer = json.loads((site.folder / "output" / "CURRENT.json").read_text())
    return site.folder / "output" / "runs" / pointer["folder"] / "direct_care"


def clinic_lists(site: Any) -> list[Path]:
    """The clinic workbooks, the longest first."""
    books = lists_of(site).glob("*/*_clinic.xlsx")
    return sorted(books, key=lambda path: -openpyxl.load_workbook(path).worksheets[0].max_row)


def fill_in(path: Path, target: Path) -> tuple[str, str]:
    """One person declined, one answer that nobody can read; gives both references."""
    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[0]
    place = {cell.value: cell.column for cell in sheet[1]}
    sheet.cell(2, place["Decision"], "declined")
    sheet.cell(2, place["Date"], datetime(2026, 4, 10))
    sheet.cell(3, place["Decision"], "perhaps")
    sheet.cell(3, place["Reason"], "=see the notes")
    book.save(target)
    return tuple(str(sheet.cell(row, place["Reference"]).value) for row in (2, 3))  # type: ignore[return-value]


def queries_of(site: Any, practice: str) -> list[dict[str, str]]:
    path = next(lists_of(site).glob(f"{practice}/*_queries.csv"))
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture
def answered(small_site: Any) -> tuple[Any, str, str]:
    """A site whose first lists came back; the practice and the pseudonym of the one who declined."""
    site = small_site
    first = site.run()
    assert first.returncode == 0, first.stderr
    book = clinic_lists(site)[0]
    returned = site.folder / "returned"
    returned.mkdir()
    declined, _ = fill_in(book, returned / book.name)
    patients = pd.read_parquet(lists_of(site).parent / "analyst" / "patients.parquet")
    pseudonym = patients.set_index("patient_ref").loc[declined, "patient_id"]
    collect = ("decisions", str(returned), "--config", str(site.config), "--as-of", NEXT_DAY)
    held_against = book.with_suffix(".csv")
    printed = held_against.read_bytes()
    held_against.write_bytes(printed.replace(b"emergency", b"emergence"))
    changed = site.call(*collect)
    assert changed.returncode == 11, "what was typed is told by a list that was changed since"
    assert f"{held_against.name} is missing or was changed" in changed.stderr
    assert "copd-strat runs restore" in changed.stderr
    held_against.write_bytes(printed)
    done = site.call(*collect)
    assert done.returncode == 0, done.stderr
    assert "cannot be used: 1 (not a known decision)" in done.stderr
    assert "about nobody" not in done.stderr
    assert done.stdout.strip().endswith("extracts/decisions.csv")
    return site, book.name.split("_")[0], str(pseudonym)


def test_answers_hold_the_next_night_and_under_another_key(answered: tuple[Any, str, str]) -> None:
    site, practice, declined = answered
    refused = site.call("run", "--config", str(site.config), "--as-of", NEXT_DAY, **NEW)
    assert refused.returncode == 13
    assert "--rotate-key-from" in refused.stderr
    rotate = ("--rotate-key-from", "OLD_REFERENCE_KEY")
    second = site.call("run", "--config", str(site.config), "--as-of", NEXT_DAY, *rotate, **NEW, **OLD)
    assert second.returncode == 0, second.stderr
    assert "the reference key is another one" in second.stderr
    assert "its name fits no table" not in second.stdout + second.stderr, "no warning about its own files"
    run = lists_of(site).parent
    patients = pd.read_parquet(run / "analyst" / "patients.parquet").set_index("patient_id")
    assert patients.loc[declined, "change"] == "left: declined", "found under its old reference"
    assert (patients["change"] == "unchanged").mean() > 0.9, "everybody else stays who and where they were"
    decisions = json.loads((run / "manifest.json").read_text())["decisions"]
    assert (decisions["usable"], decisions["refused"]) == (1, {"refused when it came back": 1})
    told = [line for line in queries_of(site, practice) if "returned" in line["query"]]
    assert [line["query"].split(": ", 1)[1] for line in told] == [
        "not a known decision: perhaps; you wrote decision 'perhaps', reason '=see the notes'"
    ]
    again = site.call("run", "--config", str(site.config), "--as-of", NEXT_DAY, *rotate, **NEW, **OLD)
    assert again.returncode == 0
    assert "nothing to rotate" in again.stderr
    assert "nothing has changed" in again.stdout
    (site.extracts / "decisions.csv").unlink()
    lost = site.call("validate", "--config", str(site.config), "--as-of", "2026-04-12", **NEW)
    assert lost.returncode == 13, "a delivery that replaced the folder took the answers with it"
    assert "a table that people keep by hand is gone: native.decisions" in lost.stderr
    assert "guard.let_through: [GRD19]" in lost.stderr
