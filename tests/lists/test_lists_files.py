"""The lists on disk: own patients only, safe in a spreadsheet, the same bytes twice."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lists_example import AS_OF, PATIENTS, STAMP, night, patient, write

from copd_strat.errors import OutputError
from copd_strat.lists.cells import safe_text
from copd_strat.lists.list_columns import TIER_COLUMNS
from copd_strat.lists.write import ListFile, reconcile
from copd_strat.pathways import LISTED, check_reference

HEADER = [
    "rank",
    "place",
    "route",
    "patient_ref",
    "tier",
    "why_1",
    "why_2",
    "why_3",
    "risk_12m",
    "change",
    "last_exacerbation",
    "last_copd_review",
    "mrc",
    "smoking",
    "vaccinations_due",
    "inhaler_flag",
    "suggested_action",
    "data_warning",
    "clinician_decision",
    "decision_reason",
    "decided_on",
    "practice_id",
    "run_id",
]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], ListFile]:
    files = write(tmp_path_factory.mktemp("run"), night(*PATIENTS))
    return {(file.practice_id, file.path.name.split("_", 2)[2]): file for file in files}


def lines(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def test_every_practice_has_its_folder_and_files_also_the_empty_one(written: dict[Any, ListFile]) -> None:
    names = [f"{n}.{s}" for n in (*LISTED, "changes") for s in ("csv", "xlsx")] + ["READ_ME.txt"]
    assert sorted(written) == sorted((p, name) for p in ("A81001", "A81002", "A81003") for name in names)
    one = written["A81001", "clinic.csv"].path
    assert one.parts[-3:] == ("direct_care", "A81001", "A81001_2026-04-02_clinic.csv")
    assert written["A81003", "clinic.csv"].rows == 0
    assert written["A81003", "clinic.csv"].path.read_bytes().count(b"\r\n") == 1


def test_columns_and_their_order(written: dict[Any, ListFile]) -> None:
    for name in LISTED:
        first = written["A81001", f"{name}.csv"].path.read_text("utf-8-sig").splitlines()[0]
        assert first.replace('"', "").split(",") == [*HEADER, "data_label"]
    assert [column.name for column in TIER_COLUMNS] == HEADER


def test_a_line_says_who_why_how_likely_and_what_to_do(written: dict[Any, ListFile]) -> None:
    first, second = lines(written["A81001", "clinic.csv"].path)
    assert (first["rank"], first["place"], first["route"], first["tier"]) == (
        "1",
        "clinic",
        "in_person",
        "clinic",
    )
    assert check_reference(first["patient_ref"])
    assert first["why_1"] == "2 emergency admissions with an exacerbation in 12 months, last 11 Feb 2026"
    assert (first["risk_12m"], first["change"], first["mrc"]) == ("31 in 100", "new", "4")
    assert (first["last_exacerbation"], first["last_copd_review"]) == ("2026-02-11", "2025-11-05")
    assert (first["smoking"], first["vaccinations_due"]) == ("current", "flu, not all known")
    assert first["clinician_decision"] == first["decision_reason"] == first["decided_on"] == ""
    assert first["run_id"] == STAMP.run_id
    assert second["route"] == "home_visit"
    review = lines(written["A81001", "clinical_review.csv"].path)[0]
    assert (review["risk_12m"], review["mrc"], review["place"]) == ("not calculated", "", "")
    assert lines(written["A81002", "self_management.csv"].path)[0]["risk_12m"] == "less than 1 in 100"


def test_no_patient_id_and_nobody_palliative_is_on_any_file(written: dict[Any, ListFile]) -> None:
    everything = b"".join(file.path.read_bytes() for file in written.values() if file.path.suffix != ".xlsx")
    assert b"9434765919" not in everything
    references = [line["patient_ref"] for n in LISTED for line in lines(written["A81001", f"{n}.csv"].path)]
    assert len(references) == 4
    assert "1 patients of the register" in written["A81001", "READ_ME.txt"].path.read_text("utf-8-sig")


def test_csv_has_mark_crlf_and_no_line_before_the_header(written: dict[Any, ListFile]) -> None:
    content = written["A81001", "clinic.csv"].path.read_bytes()
    assert content.startswith(b'\xef\xbb\xbf"rank","place"')
    assert content.count(b"\n") == content.count(b"\r\n") == 3


def test_synthetic_data_say_so_everywhere(written: dict[Any, ListFile], tmp_path: Path) -> None:
    assert lines(written["A81001", "clinic.csv"].path)[0]["data_label"] == "SYNTHETIC - not real patients"
    assert written["A81003", "READ_ME.txt"].path.read_text("utf-8-sig").startswith("SYNTHETIC")
    real = write(tmp_path, night(*PATIENTS), stamp=replace(STAMP, synthetic=False, title="Night"))
    assert not any(b"SYNTHETIC" in file.path.read_bytes() for file in real if file.path.suffix != ".xlsx")


def test_the_note_says_from_when_by_what_and_what_it_is_not(written: dict[Any, ListFile]) -> None:
    note = written["A81001", "READ_ME.txt"].path.read_text("utf-8-sig")
    for wanted in (
        "2026-03-31",
        "2026-04-02",
        "risk_and_rules 1.0",
        "accept3_cprd",
        "They do not replace it",
    ):
        assert wanted in note
    assert "Nørth Štreet" in note
    assert "clinic: 2 patients today" in note
    assert "'=Sum(1)" in written["A81002", "READ_ME.txt"].path.read_text("utf-8-sig")


def test_the_workbook_is_the_twin_of_the_csv(written: dict[Any, ListFile]) -> None:
    for practice in ("A81001", "A81002", "A81003"):
        for name in (*LISTED, "changes"):
            book = openpyxl.load_workbook(written[practice, f"{name}.xlsx"].path)
            sheet = book[name]
            found = [[as_csv(cell.value) for cell in row] for row in sheet.iter_rows()]
            with written[practice, f"{name}.csv"].path.open(encoding="utf-8-sig", newline="") as stream:
                assert found == list(csv.reader(stream))
            assert book.sheetnames == [name, "Read me"]


def as_csv(value: object) -> str:
    if isinstance(value, datetime):
        return value.date().isoformat()
    return "" if value is None else str(value)


def test_the_workbook_has_frozen_header_filters_choices_text_ids_and_true_dates(
    written: dict[Any, ListFile],
) -> None:
    sheet = openpyxl.load_workbook(written["A81001", "clinic.xlsx"].path)["clinic"]
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == "A1:X3"
    choices = sheet.data_validations.dataValidation[0]
    assert (choices.formula1, str(choices.sqref)) == ('"accepted,declined,already known,wrong"', "S2:S23")
    assert sheet["D2"].number_format == "@"
    assert sheet["D2"].data_type == "s"
    assert sheet["K2"].value == datetime(2026, 2, 11)
    assert sheet["A2"].value == 1


def test_the_same_night_gives_the_same_bytes(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        write(tmp_path / folder, night(*PATIENTS))
    one, two = (sorted(p for p in (tmp_path / f).rglob("*") if p.is_file()) for f in ("one", "two"))
    assert [p.name for p in one] == [p.name for p in two]
    assert all(a.read_bytes() == b.read_bytes() for a, b in zip(one, two, strict=True))


def test_changes_name_those_who_left_in_their_own_practice_only(tmp_path: Path) -> None:
    before = night(*PATIENTS)
    after = night(
        *PATIENTS[:1], patient("p2", practice_id="A81002", risk_severe_12m=0.3), previous=before.history
    )
    files = write(tmp_path, after)
    told = {f.practice_id: lines(f.path) for f in files if f.name == "changes" and f.path.suffix == ".csv"}
    assert {line["change"] for line in told["A81001"]} == {"left: moved", "left: no longer on the register"}
    assert {line["kind"] for line in told["A81002"]} == {"new", "left"}
    assert not {line["patient_ref"] for line in told["A81001"]} & {
        line["patient_ref"] for line in told["A81002"]
    }


BAD_CODES = ["../A81001", "A81001/..", "CON", "A8", "", "a81001", "A81001 ", "A81001\n", "A81001.", "Å81001"]


@pytest.mark.parametrize("code", BAD_CODES)
def test_a_practice_code_that_is_none_stops_everything(code: str, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot name a folder"):
        write(tmp_path, night(patient("p1", practice_id=code)))
    assert not list(tmp_path.rglob("*.csv"))


def test_a_layout_may_bring_another_pattern_but_never_a_path(tmp_path: Path) -> None:
    pattern = r"[A-Z0-9./]{1,9}"
    assert write(tmp_path, night(patient("p1", practice_id="20123")), practice_pattern=pattern)
    with pytest.raises(OutputError, match="cannot name a folder"):
        write(tmp_path, night(patient("p1", practice_id="..")), practice_pattern=pattern)
    with pytest.raises(OutputError, match="cannot name a folder"):
        write(tmp_path, night(patient("p1", practice_id="CON")), practice_pattern=pattern)


def test_a_lost_or_doubled_line_is_noticed(tmp_path: Path) -> None:
    result = night(*PATIENTS)
    files = write(tmp_path, result)
    clinic = next(f for f in files if f.name == "clinic" and f.path.suffix == ".csv" and f.rows)
    content = clinic.path.read_bytes()
    for spoilt in (
        content[: content.rindex(b"\r\n", 0, -2) + 2],
        content + content.splitlines(keepends=True)[1],
    ):
        clinic.path.write_bytes(spoilt)
        with pytest.raises(OutputError, match="each once"):
            reconcile(files, result.patients)


def test_a_line_of_another_practice_is_noticed(tmp_path: Path) -> None:
    result = night(*PATIENTS)
    files = write(tmp_path, result)
    clinic = next(f for f in files if f.name == "clinic" and f.path.suffix == ".csv" and f.rows)
    clinic.path.write_bytes(clinic.path.read_bytes().replace(b'"A81001"', b'"A81002"'))
    with pytest.raises(OutputError, match="another practice"):
        reconcile(files, result.patients)


HOSTILE = [
    "=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "\t=1+1", "\r=1", "\n=1", "＝1+1", " =1+1", "\u200b=1",
    '";=1+1', "a\r\nb", "=HYPERLINK(\"http://x\",\"y\")",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_value_is_inert_and_stays_on_its_line(text: str, tmp_path: Path) -> None:
    files = write(tmp_path, night(patient("p1", smoking_status=text, risk_severe_12m=0.3)))
    found = lines(next(f.path for f in files if f.rows and f.path.suffix == ".csv" and f.name == "clinic"))
    assert len(found) == 1
    assert found[0]["smoking"][:1] not in ("=", "+", "-", "@", "\t", "\r", "\n", "＝")
    book = openpyxl.load_workbook(
        next(f.path for f in files if f.rows and f.name == "clinic" and f.path.suffix == ".xlsx")
    )
    assert not [cell for row in book["clinic"].iter_rows() for cell in row if cell.data_type == "f"]


@settings(max_examples=300)
@given(st.text(max_size=20))
def test_safe_text_never_begins_a_formula_and_keeps_plain_words(text: str) -> None:
    safe = safe_text(text)
    assert safe.lstrip()[:1] not in set("=+-@＝＋－＠") or safe == ""
    assert not set(safe) & set("\t\r\n\x00")
    assert safe_text("Ångström, 23 in 100 (2026-03-01)") == "Ångström, 23 in 100 (2026-03-01)"


def test_dates_are_dates_whatever_the_column_type(tmp_path: Path) -> None:
    result = night(*PATIENTS)
    result.patients["last_exacerbation_date"] = pd.to_datetime(result.patients["last_exacerbation_date"])
    files = write(tmp_path, result)
    first = lines(next(f.path for f in files if f.rows == 2 and f.path.suffix == ".csv"))[0]
    assert date.fromisoformat(first["last_exacerbation"]) < AS_OF
