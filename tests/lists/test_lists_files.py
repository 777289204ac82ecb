"""The lists on disk: own patients only, safe in a spreadsheet, the same bytes twice."""

from __future__ import annotations

import csv
from collections.abc import Sequence
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
from copd_strat.lists import workbook
from copd_strat.lists.cells import safe_text
from copd_strat.lists.list_columns import (
    ACTION,
    LISTS,
    MACHINE,
    MORE,
    RANK,
    REFERENCE,
    TIER_COLUMNS,
    TITLES,
    ListColumn,
    csv_columns,
)
from copd_strat.lists.print_sheets import sheets_of
from copd_strat.lists.workbook import FONT_POINTS, MARGIN_INCHES
from copd_strat.lists.write import ListFile, reconcile
from copd_strat.pathways import LISTED, check_reference, load_policy

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
    names = [f"{n}.{s}" for n in LISTS for s in ("csv", "xlsx")] + ["READ_ME.txt"]
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
        "in person",
        "clinic",
    )
    assert check_reference(first["patient_ref"])
    assert first["why_1"] == "2 exacerbations with emergency admission in 12 months, last began 11 Feb 2026"
    assert (first["risk_12m"], first["change"], first["mrc"]) == ("31 in 100", "new", "4")
    assert (first["last_exacerbation"], first["last_copd_review"]) == ("2026-02-11", "2025-11-05")
    assert (first["smoking"], first["vaccinations_due"]) == ("current", "flu, not all known")
    assert first["clinician_decision"] == first["decision_reason"] == first["decided_on"] == ""
    assert first["run_id"] == STAMP.run_id
    assert second["route"] == "home visit"
    review = lines(written["A81001", "clinical_review.csv"].path)[0]
    assert (review["risk_12m"], review["mrc"], review["place"]) == ("not calculated", "", "")
    assert lines(written["A81002", "self_management.csv"].path)[0]["risk_12m"] == "less than 1 in 100"


def test_no_patient_id_and_nobody_palliative_is_on_any_file(written: dict[Any, ListFile]) -> None:
    everything = b"".join(file.path.read_bytes() for file in written.values() if file.path.suffix != ".xlsx")
    assert b"9434765919" not in everything
    references = [line["patient_ref"] for n in LISTED for line in lines(written["A81001", f"{n}.csv"].path)]
    assert len(references) == 4
    assert "Not listed: 1 of the register" in written["A81001", "READ_ME.txt"].path.read_text("utf-8-sig")


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
        "31 Mar 2026",
        "2 Apr 2026",
        "risk_and_rules 1.0",
        "accept3_cprd",
        "They do not replace it",
    ):
        assert wanted in note
    assert "Nørth Štreet" in note
    assert "Clinic: 2 lines today" in note
    assert "Clinic: any of: One or more severe exacerbations" in note
    assert "Self-management: scored below the threshold" in note
    assert "Review: everybody else: too little is on record" in note
    assert "'=Sum(1)" in written["A81002", "READ_ME.txt"].path.read_text("utf-8-sig")


def test_the_workbook_holds_all_that_the_csv_holds(written: dict[Any, ListFile]) -> None:
    """Nothing is lost between the two: first sheet and second sheet, joined by the reference, are the CSV."""
    for practice in ("A81001", "A81002", "A81003"):
        for name in LISTED:
            book = openpyxl.load_workbook(written[practice, f"{name}.xlsx"].path)
            assert book.sheetnames == [TITLES[name], "More", "Key"]
            first, more = (by_heading(book[title]) for title in book.sheetnames[:2])
            found = [as_line(a | b) for a, b in zip(first, more, strict=True)]
            wanted = lines(written[practice, f"{name}.csv"].path)
            assert [row["Reference"] for row in first] == [line["patient_ref"] for line in wanted]
            for row, line in zip(found, wanted, strict=True):
                shown = {
                    column.heading: line[column.name] for column in (RANK, REFERENCE, *MORE, ACTION, *MACHINE)
                }
                assert shown.items() <= row.items()
                whys = [line[why] for why in ("why_1", "why_2", "why_3") if line[why]]
                assert [
                    text.removeprefix("\u2022 ") for text in row["Why"].replace("\u00a0", " ").split("\n")
                ] == whys
                assert set(filter(None, line["data_warning"].split("; "))) <= set(
                    row["Missing or new"].split("\n")
                )


def test_a_list_of_changes_or_queries_is_one_sheet_and_a_key(written: dict[Any, ListFile]) -> None:
    for name in ("changes", "queries"):
        book = openpyxl.load_workbook(written["A81001", f"{name}.xlsx"].path)
        assert book.sheetnames == [TITLES[name], "Key"]
        assert len(by_heading(book.worksheets[0])) == len(lines(written["A81001", f"{name}.csv"].path))


def by_heading(sheet: Any) -> list[dict[str, Any]]:
    header, *rows = sheet.iter_rows(values_only=True)
    return [dict(zip(header, row, strict=True)) for row in rows]


def as_line(row: dict[str, Any]) -> dict[str, str]:
    return {heading: as_csv(value) for heading, value in row.items()}


def as_csv(value: object) -> str:
    if isinstance(value, datetime):
        return value.date().isoformat()
    return "" if value is None else str(value)


def test_the_first_sheet_is_for_work_and_for_paper(written: dict[Any, ListFile]) -> None:
    """Eight columns, the answers before the words; reference and header in view; A4 landscape, one page wide,
    the header on every page; what only the program needs is hidden."""
    sheet = openpyxl.load_workbook(written["A81001", "clinic.xlsx"].path).worksheets[0]
    headings = [cell.value for cell in sheet[1]]
    spans = [(dim.min, dim.max) for dim in sheet.column_dimensions.values() if dim.hidden]
    hidden = [headings[n - 1] for first, last in spans for n in range(first, last + 1)]
    assert hidden == ["Practice", "Run"]
    assert headings[:-2] == [
        "Rank",
        "Reference",
        "Decision",
        "Reason",
        "Date",
        "Why",
        "Missing or new",
        "What to do",
    ]
    assert sheet.freeze_panes == "C2"
    assert sheet.print_title_rows == "$1:$1"
    assert (sheet.page_setup.orientation, int(sheet.page_setup.paperSize)) == ("landscape", 9)
    assert (sheet.sheet_properties.pageSetUpPr.fitToPage, int(sheet.page_setup.fitToHeight)) == (True, 0)
    assert sheet.auto_filter.ref == "A1:J3"
    assert "SYNTHETIC" in sheet.oddHeader.left.text


A4_LONG_SIDE_INCHES = 11.69
PIXELS_AN_INCH = 96


def printed_points(columns: Sequence[ListColumn]) -> float:
    """The size of letters on paper: a sheet wider than the page is shrunk to it. A character of column width
    is 7 pixels, and a column has 5 more (Office Open XML, part 1, column widths)."""
    wide = sum(7 * column.width + 5 for column in columns if not column.hidden)
    page = (A4_LONG_SIDE_INCHES - 2 * MARGIN_INCHES) * PIXELS_AN_INCH
    return FONT_POINTS * min(1.0, page / wide)


@pytest.mark.parametrize("identity", [False, True])
@pytest.mark.parametrize("name", LISTS)
def test_print_is_nine_points_or_more_at_one_page_wide(name: str, identity: bool) -> None:
    columns = csv_columns(name, STAMP, identity=identity)
    table = pd.DataFrame(columns=[column.name for column in columns], dtype="object")
    for sheet in sheets_of(name, table, columns, first=False):
        assert printed_points(sheet.columns) >= 9, sheet.title
        assert len([c for c in sheet.columns if not c.hidden]) <= 12
    if name in LISTED:
        first = sheets_of(name, table, columns, first=False)[0]
        assert 8 <= len([c for c in first.columns if not c.hidden]) <= 10


def test_answers_are_a_drop_down_and_dates_and_nothing_that_is_typed_is_forbidden(
    written: dict[Any, ListFile],
) -> None:
    sheet = openpyxl.load_workbook(written["A81001", "clinic.xlsx"].path).worksheets[0]
    choices, day = sheet.data_validations.dataValidation
    assert (choices.type, choices.formula1) == ("list", '"accepted,declined,already known,wrong"')
    assert (str(choices.sqref), day.type, str(day.sqref)) == ("C2:C23", "date", "E2:E23")
    assert {choices.errorStyle, day.errorStyle} == {"warning"}
    assert sheet["E2"].number_format == "d mmm yyyy"
    assert (sheet["B2"].number_format, sheet["B2"].data_type, sheet["A2"].value) == ("@", "s", 1)
    more = openpyxl.load_workbook(written["A81001", "clinic.xlsx"].path)["More"]
    days = {cell.value: more.cell(row=2, column=cell.column) for cell in more[1]}
    assert days["Last exacerbation"].value == datetime(2026, 2, 11)
    assert days["Last exacerbation"].number_format == "d mmm yyyy"


def test_age_and_sex_stand_on_a_list_only_where_the_site_says_so(tmp_path: Path) -> None:
    """docs/decisions.md §56: whole years, the oldest as one group."""
    people = [
        patient("p1", age=91.3, sex="female"),
        patient("p2", age=89.99, sex="male"),
        patient("p3", age=None),
    ]
    with_identity = write(tmp_path / "with", night(*people), identity=True)
    clinic = next(f.path for f in with_identity if f.rows == 3 and f.path.suffix == ".csv")
    assert sorted((line["age"], line["sex"]) for line in lines(clinic)) == [
        ("", ""),
        ("89", "male"),
        ("90+", "female"),
    ]
    book = openpyxl.load_workbook(clinic.with_suffix(".xlsx"))
    assert [cell.value for cell in book.worksheets[0][1]][:4] == ["Rank", "Reference", "Age", "Sex"]
    assert "Age" not in [cell.value for cell in book["More"][1]]
    without = write(tmp_path / "without", night(*people))
    assert not [f for f in without if f.path.suffix == ".csv" and b'"age"' in f.path.read_bytes()]


def test_the_first_night_is_one_line(written: dict[Any, ListFile]) -> None:
    told = lines(written["A81001", "changes.csv"].path)
    assert [(line["patient_ref"], line["kind"], line["change"]) for line in told] == [
        ("", "first", "everybody is new (4)")
    ]
    sheet = by_heading(openpyxl.load_workbook(written["A81001", "clinic.xlsx"].path).worksheets[0])
    assert not [row for row in sheet if "New" in (row["Missing or new"] or "")]


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
    assert not [c for sheet in book for row in sheet.iter_rows() for c in row if c.data_type == "f"]


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


def test_every_heading_has_room_and_no_reference_is_cut_in_print(written: dict[Any, ListFile]) -> None:
    """Bold and indented, a heading's longest word fits its column, and its lines fit the header's height."""
    columns = [
        c for name in ("clinic", "changes", "queries") for c in csv_columns(name, STAMP) if not c.hidden
    ]
    # the whys and the warnings are shown as one column each
    shown = [
        c for c in columns if c.kind != "text" or c.name not in ("why_1", "why_2", "why_3", "data_warning")
    ]
    assert [c.heading for c in shown if max(map(len, c.heading.split())) > c.width - 2] == []
    assert {c.width for c in columns if c.name == "patient_ref"} <= {18, 19}
    duties = ListColumn(name="d", heading="Pulmonary rehabilitation: due", meaning="", width=14)
    assert workbook._header_lines([duties]) == 3


def test_the_key_says_how_the_rank_is_made_and_what_an_empty_cell_means(written: dict[Any, ListFile]) -> None:
    book = openpyxl.load_workbook(written["A81001", "clinic.xlsx"].path)
    key = [(row[0].value, row[1].value) for row in book["Key"].iter_rows()]
    said = [meaning for word, meaning in key if word == "Rank"]
    assert said[0] == load_policy("risk_and_rules").ranking.means
    empty = {word for word, meaning in key if "empty: " in str(meaning)}
    assert {"MRC", "Smoking", "Last COPD review", "Last exacerbation", "Vaccinations", "Inhalers"} <= empty
