"""A list goes out, is filled in as people do, comes back as spreadsheets save it, and nothing is lost."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st
from lists_example import AS_OF, PATIENTS, files_of, night, write

from copd_strat.cli import commands
from copd_strat.errors import InputError, OutputError
from copd_strat.lists import PublishedLists, Returned, lists_in, queries, returned_answers
from copd_strat.lists.answer_dates import read_date
from copd_strat.lists.identifying_text import is_nhs_number, names_somebody
from copd_strat.lists.list_columns import TITLES
from copd_strat.lists.returned import WITHHELD
from copd_strat.pathways import assign, load_policy, validate_decisions
from copd_strat.pathways.feedback import read_decision

NO_CONFLICTS = pd.DataFrame(
    columns=["practice_id", "patient_ref", "kind", "since", "last_record"], dtype="object"
)

# The 1st of March 2026 as a British hand, a spreadsheet and a form write it; the list comes back on 2 April.
FIRST_OF_MARCH = (
    "2026-03-01", "2026-3-1", "2026/03/01", "2026.03.01", "20260301", "01032026", "010326",
    "01/03/2026", "1/3/2026", "1/3/26", "01/03/26", "1-3-26", "01-03-2026", "01.03.2026", "1.3.26",
    "1. 3. 2026", "1 3 2026", "01 03 26", "1/03/2026", "1 Mar 2026", "1 Mar 26", "01-Mar-26", "1-Mar-2026",
    "1Mar26", "1MAR2026", "1 March 2026", "1st March 2026", "1st of March 2026", "the 1st of March 2026",
    "1st Mar '26", "March 1, 2026", "Mar 1st 2026", "Sunday 1 March 2026", "Sun 01/03/2026",
    "sun, 1 mar 2026", "1/3", "1 Mar", "1st March", "March 1st", "01/03/2026 10:15", "2026-03-01 00:00:00",
    "2026-03-01T09:30:00Z", "46082", "46082.0", "46082,5",
    " 01/03/2026 ", "01\u201303\u20132026", "01/03/2026\u00a0", "1_3_2026",
)  # fmt: skip
NOT_A_DATE = (
    "soon", "3/25/2026", "31/02/2026", "29/2/2026", "2026", "March 2026", "1/3/1926", "1/3/226", "next week",
    "tomorrow?", "1/3/2026 or 2/3/2026", "32 March 2026", "123456789", "-", "??",
)  # fmt: skip


@pytest.mark.parametrize("text", FIRST_OF_MARCH)
def test_every_ordinary_spelling_of_a_date_is_read_day_first(text: str) -> None:
    assert read_date(text, AS_OF) == date(2026, 3, 1)


@pytest.mark.parametrize("text", NOT_A_DATE)
def test_what_is_no_date_is_none(text: str) -> None:
    assert read_date(text, AS_OF) is None


def test_a_day_without_a_year_is_the_latest_one_that_has_been() -> None:
    assert read_date("3 April", AS_OF) == date(2025, 4, 3)
    assert read_date("2/4", AS_OF) == date(2026, 4, 2)


@given(st.dates(date(2020, 1, 1), date(2039, 12, 31)), st.sampled_from(
    ["%d/%m/%Y", "%d/%m/%y", "%d.%m.%Y", "%d-%b-%y", "%d %B %Y", "%Y-%m-%d", "%d%m%Y", "%A %d %b %Y"]
))  # fmt: skip
def test_no_day_is_taken_for_a_month(day: date, form: str) -> None:
    assert read_date(day.strftime(form), AS_OF) == day


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("accepted", ("accepted", "")),
        ("Accept", ("accepted", "")),
        ("ACCEPTED.", ("accepted", "")),
        (" already  known ", ("already_known", "")),
        ("already_known", ("already_known", "")),
        ("Known", ("already_known", "")),
        ("Declined - prefers home visits", ("declined", "prefers home visits")),
        ("declined (moving away)", ("declined", "moving away")),
        ("wrong because not COPD", ("wrong", "because not COPD")),
        ("wrong: asthma", ("wrong", "asthma")),
        ("maybe", ("", "")),
        ("accepted?", ("", "")),
        ("accepted or declined", ("", "")),
        ("acceptable", ("", "")),
        ("not accepted", ("", "")),
        ("", ("", "")),
    ],
)
def test_a_decision_is_read_in_the_words_of_people(text: str, read: tuple[str, str]) -> None:
    assert read_decision(text) == read


def clinic_list(folder: Path, ending: str) -> Path:
    files = write(folder, night(*PATIENTS))
    return next(f.path for f in files if f.rows == 2 and f.name == "clinic" and f.path.suffix == ending)


def answered(path: Path, *lines: dict[str, str]) -> list[list[str]]:
    """The cells of a CSV list with answers typed into its first lines."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        header, *rows = list(csv.reader(stream))
    for row, line in zip(rows, lines, strict=False):
        for name, text in line.items():
            row[header.index(name)] = text
    return [header, *rows]


def answered_workbook(path: Path, **cells: object) -> Path:
    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[0]
    header = [cell.value for cell in sheet[1]]
    for name, value in cells.items():
        sheet.cell(row=2, column=header.index(name) + 1, value=value)
    book.save(path)
    return path


def as_csv(rows: list[list[str]], encoding: str, **dialect: Any) -> bytes:
    stream = io.StringIO(newline="")
    csv.writer(stream, **dialect).writerows(rows)
    return stream.getvalue().encode(encoding)


def without(rows: list[list[str]], *names: str) -> list[list[str]]:
    kept = [n for n, name in enumerate(rows[0]) if name not in names]
    return [[row[n] for n in kept] for row in rows]


ANSWER = {
    "clinician_decision": "Declined",
    "decision_reason": "prefers caf\u00e9 visits",
    "decided_on": "01/03/2026",
}

# How the same answer may come back: the bytes of a file and its ending.
FORMS: dict[str, tuple[str, Callable[[list[list[str]]], bytes]]] = {
    "as it was sent": (".csv", lambda rows: as_csv(rows, "utf-8-sig", quoting=csv.QUOTE_ALL)),
    "without the mark": (".csv", lambda rows: as_csv(rows, "utf-8")),
    "Windows letters": (".csv", lambda rows: as_csv(rows, "cp1252")),
    "semicolons": (".csv", lambda rows: as_csv(rows, "utf-8-sig", delimiter=";")),
    "semicolons, Windows letters": (".csv", lambda rows: as_csv(rows, "cp1252", delimiter=";")),
    "tabs": (".txt", lambda rows: as_csv(rows, "utf-8", delimiter="\t")),
    "bars": (".csv", lambda rows: as_csv(rows, "utf-8", delimiter="|")),
    "Unicode text": (".txt", lambda rows: as_csv(rows, "utf-16", delimiter="\t")),
    "UTF-16, big end first": (".csv", lambda rows: b"\xfe\xff" + as_csv(rows, "utf-16-be")),
    "UTF-16 without its mark": (".csv", lambda rows: as_csv(rows, "utf-16-le")),
    "Unix line ends": (".csv", lambda rows: as_csv(rows, "utf-8", lineterminator="\n")),
    "old line ends": (".csv", lambda rows: as_csv(rows, "utf-8", lineterminator="\r")),
    "a line for the separator": (".csv", lambda rows: b"sep=;\r\n" + as_csv(rows, "utf-8", delimiter=";")),
    "header in capitals": (".csv", lambda rows: as_csv([[n.upper() for n in rows[0]], *rows[1:]], "utf-8")),
    "lines sorted": (".csv", lambda rows: as_csv([rows[0], *rows[:0:-1]], "utf-8")),
    "columns moved": (".csv", lambda rows: as_csv([row[::-1] for row in rows], "utf-8")),
    "columns of words removed": (".csv", lambda rows: as_csv(without(rows, "why_1", "smoking"), "utf-8")),
    "the practice's column removed": (".csv", lambda rows: as_csv(without(rows, "practice_id"), "utf-8")),
    "a title above": (".csv", lambda rows: as_csv([["Our clinic list"], [], *rows], "utf-8", delimiter=";")),
    "empty lines at the end": (".csv", lambda rows: as_csv([*rows, [], ["", "", ""]], "utf-8")),
    "text ending": (".TXT", lambda rows: as_csv(rows, "utf-8")),
}  # fmt: skip


def one_answer(found: Returned) -> pd.Series:
    assert (len(found.answers), len(found.refused), found.unread) == (1, 0, ())
    return found.answers.iloc[0]


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_a_file_gives_the_same_answer(form: str, tmp_path: Path) -> None:
    ending, content = FORMS[form]
    rows = answered(clinic_list(tmp_path, ".csv"), ANSWER)
    path = tmp_path / f"A81001_2026-04-02_clinic{ending}"
    path.write_bytes(content(rows))
    answer = one_answer(returned_answers([path], AS_OF))
    assert answer["practice_id"] == "A81001"
    assert answer["run_id"] == "20260402-3f9a1c"
    assert (answer["decision"], answer["decided_on"]) == ("declined", date(2026, 3, 1))
    assert answer["reason"] == "prefers caf\u00e9 visits"


WORKBOOKS: dict[str, dict[str, object]] = {
    "a date": {"Decision": "declined", "Date": datetime(2026, 3, 1)},
    "a date as text": {"Decision": "declined", "Date": "1st March 2026"},
    "a day number": {"Decision": "declined", "Date": 46082},
    "a day number with time": {"Decision": "declined", "Date": 46082.4},
    "words before the reason": {"Decision": "Declined: moving away", "Date": date(2026, 3, 1)},
}


@pytest.mark.parametrize("cells", WORKBOOKS.values(), ids=WORKBOOKS)
def test_a_workbook_is_read_from_its_first_sheet(cells: dict[str, object], tmp_path: Path) -> None:
    answer = one_answer(returned_answers([answered_workbook(clinic_list(tmp_path, ".xlsx"), **cells)], AS_OF))
    assert (answer["practice_id"], answer["decision"], answer["decided_on"]) == (
        "A81001",
        "declined",
        date(2026, 3, 1),
    )


def test_a_workbook_whose_sheets_were_moved_is_read_all_the_same(tmp_path: Path) -> None:
    path = answered_workbook(clinic_list(tmp_path, ".xlsx"), Decision="accepted", Date=datetime(2026, 3, 1))
    book = openpyxl.load_workbook(path)
    book.move_sheet(book.worksheets[0], offset=2)
    book.save(path)
    assert one_answer(returned_answers([path], AS_OF))["decision"] == "accepted"


def test_a_formula_in_an_answer_comes_back_to_its_author(tmp_path: Path) -> None:
    """Nobody has worked it out, so its value is not known: what was typed is kept."""
    path = answered_workbook(clinic_list(tmp_path, ".xlsx"), Decision="accepted", Date="=TODAY()")
    found = returned_answers([path], AS_OF)
    assert found.refused["problem"].tolist() == ["the date cannot be read: =TODAY()"]
    assert found.refused["decided_on"].tolist() == ["=TODAY()"]


REFUSED = [
    ({"clinician_decision": "maybe", "decided_on": "1/3/26"}, "not a known decision: maybe"),
    ({"clinician_decision": "accepted", "decided_on": "soon"}, "the date cannot be read: soon"),
    (
        {"clinician_decision": "accepted", "decided_on": "3/4/2026"},
        "the date lies after the day of return: 3/4/2026",
    ),
    (
        {"clinician_decision": "accepted", "decided_on": "1/3/2025"},
        "the date lies long before the list was printed: 1/3/2025",
    ),
    ({"decided_on": "1/3/2026"}, "a date without a decision"),
    (
        {"patient_ref": "CP-0000-0000-1", "clinician_decision": "accepted"},
        "the reference is mistyped, its check character does not fit",
    ),
    ({"patient_ref": "", "clinician_decision": "accepted"}, "no reference, so nobody knows whom it is about"),
    (
        {"run_id": "", "clinician_decision": "accepted"},
        "the list's hidden columns are gone, so it cannot be said which list this was",
    ),
]


@pytest.mark.parametrize(("cells", "problem"), REFUSED)
def test_what_cannot_be_used_comes_back_as_it_was_written(
    cells: dict[str, str], problem: str, tmp_path: Path
) -> None:
    rows = answered(clinic_list(tmp_path, ".csv"), cells)
    path = tmp_path / "A81001_2026-04-02_clinic.csv"
    path.write_bytes(as_csv(rows, "utf-8"))
    found = returned_answers([path], AS_OF)
    refused = found.refused.iloc[0]
    assert (len(found.refused), refused["problem"]) == (1, problem)
    assert refused["decision"] == cells.get("clinician_decision", "")
    assert refused["decided_on"] == cells.get("decided_on", "")
    assert (refused["file"], refused["line"]) == (path.name, 2)
    kept = found.answers.iloc[0]
    assert (kept["practice_id"], kept["decision"]) == ("A81001", "refused")
    place, _, told = kept["reason"].partition(": ")
    assert place.startswith("Clinic list of 2 Apr 2026 that you returned, row 2")
    assert told.startswith(problem), "the next run tells the practice why"
    assert cells.get("clinician_decision", "") in kept["reason"]


def test_words_in_a_column_of_their_own_come_back_too(tmp_path: Path) -> None:
    rows = answered(clinic_list(tmp_path, ".csv"), ANSWER)
    rows = [[*rows[0], "Comments"], [*rows[1], "ring the daughter first"], [*rows[2], ""]]
    path = tmp_path / "A81001_2026-04-02_clinic.csv"
    path.write_bytes(as_csv(rows, "utf-8"))
    found = returned_answers([path], AS_OF)
    assert found.answers["decision"].tolist() == ["declined", "refused"], "the answer itself counts"
    assert found.refused["problem"].tolist() == [
        "typed outside the columns for answers: ring the daughter first"
    ]


def returned_csv(tmp_path: Path, name: str, *lines: dict[str, str]) -> Path:
    """A CSV list of the example practice with answers on its first lines, as it comes back."""
    files = write(tmp_path, night(*PATIENTS))
    sent = next(f.path for f in files if f.rows and f.name == name and f.path.suffix == ".csv")
    path = tmp_path / sent.name
    path.write_bytes(as_csv(answered(sent, *lines), "utf-8"))
    return path


@pytest.mark.parametrize("name", ["self_management", "clinical_review"])
@pytest.mark.parametrize("decision", ["accepted", "declined", "wrong"])
def test_a_decision_on_a_list_that_uses_none_is_told_and_never_counted(
    name: str, decision: str, tmp_path: Path
) -> None:
    """Declining the app is not declining the clinic: it must not keep somebody off the clinic list later."""
    path = returned_csv(tmp_path, name, {"clinician_decision": decision})
    found = returned_answers([path], AS_OF)
    assert found.answers["decision"].tolist() == ["refused"]
    assert found.refused["problem"].tolist() == [f"a decision has no effect on this list: {decision}"]
    told = queries(NO_CONFLICTS, found.answers, AS_OF).iloc[0]
    assert told["query"].startswith(
        f"{TITLES[name]} list of 2 Apr 2026 that you returned, row 2: a decision has no"
    )
    assert told["please"].startswith("Nothing to answer: what you code in the record moves the name")
    assert queries(NO_CONFLICTS, found.answers, AS_OF + timedelta(days=28)).empty
    renamed = path.rename(tmp_path / "list from practice.csv")
    assert returned_answers([renamed], AS_OF).answers["decision"].tolist() == ["refused"], "by its own column"


def test_a_workbook_tells_by_its_sheet_which_list_it_is(tmp_path: Path) -> None:
    files = write(tmp_path, night(*PATIENTS))
    sent = next(f.path for f in files if f.rows and f.name == "self_management" and f.path.suffix == ".xlsx")
    path = answered_workbook(sent, Decision="declined").rename(tmp_path / "A81001 app.xlsx")
    assert returned_answers([path], AS_OF).answers["decision"].tolist() == ["refused"]


def test_a_reason_alone_is_a_note_on_every_list(tmp_path: Path) -> None:
    path = returned_csv(tmp_path, "self_management", {"decision_reason": "ring her son first"})
    found = returned_answers([path], AS_OF)
    assert (found.answers["decision"].tolist(), len(found.refused)) == (["note"], 0)


BESIDE = [
    ({"decision_reason": "tel 07700 900123"}, "the reason may identify somebody", ["accepted", "refused"]),
    ({"decision_reason": "1/4/2026"}, "a date stands under Reason", ["accepted", "refused"]),
    ({"clinician_decision": "", "decision_reason": "accepted 1/4/26"}, "a decision stands under Reason",
     ["note", "refused"]),
]  # fmt: skip


@pytest.mark.parametrize(("cells", "cause", "kept"), BESIDE)
def test_what_is_told_beside_an_answer_is_not_settled_by_that_answer(
    cells: dict[str, str], cause: str, kept: list[str], tmp_path: Path
) -> None:
    path = returned_csv(tmp_path, "clinic", {"clinician_decision": "accepted", **cells})
    answers = returned_answers([path], AS_OF).answers
    assert answers["decision"].tolist() == kept
    assert cause in queries(NO_CONFLICTS, answers, AS_OF)["query"].iloc[0]


def test_words_under_the_table_are_told_with_their_row(tmp_path: Path) -> None:
    path = returned_csv(tmp_path, "clinic")
    with path.open("ab") as stream:
        stream.write(b'"","","","all done by AB"\r\n')
    found = returned_answers([path], AS_OF)
    assert found.refused[["line", "problem"]].to_numpy().tolist() == [
        [4, "typed outside the columns for answers: all done by AB"]
    ]
    told = queries(NO_CONFLICTS, found.answers, AS_OF).iloc[0]
    assert told["query"].startswith("Clinic list of 2 Apr 2026 that you returned, row 4: typed outside")
    assert told["please"].startswith("If it matters, type it under Reason")


def sent_and_published(tmp_path: Path, name: str, ending: str) -> tuple[Path, PublishedLists]:
    """A copy of a list of the example practice, and the site's own side, which still has the run."""
    result = night(*PATIENTS)
    files = write(tmp_path / "run", result)
    sent = next(f.path for f in files if f.rows and f.name == name and f.path.suffix == ending)
    path = tmp_path / sent.name
    path.write_bytes(sent.read_bytes())
    owners = result.patients.groupby("patient_ref")["practice_id"].agg(frozenset).to_dict()
    published = PublishedLists(
        files=files_of(tmp_path / "run"), practices_of=lambda ref: owners.get(ref, frozenset())
    )
    return path, published


@pytest.mark.parametrize("ending", [".csv", ".xlsx"])
def test_a_list_as_it_was_sent_holds_nothing_typed(ending: str, tmp_path: Path) -> None:
    """Also saved again with other dates and blanks: nobody is asked about what a spreadsheet does."""
    path, published = sent_and_published(tmp_path, "clinic", ending)
    if ending == ".csv":
        text = path.read_text("utf-8-sig").replace("2026-02-11", "11/02/2026").replace("  ", " ")
        path.write_text(text, "utf-8")
    found = returned_answers([path], AS_OF, published)
    assert (len(found.answers), len(found.refused), found.not_compared) == (0, 0, 0)


def test_what_was_typed_over_a_printed_cell_is_told_with_its_column(tmp_path: Path) -> None:
    path, published = sent_and_published(tmp_path, "clinic", ".xlsx")
    answered_workbook(path, **{"Decision": "accepted", "What to do": "seen at home by AB"})
    book = openpyxl.load_workbook(path)
    book.worksheets[1].cell(row=3, column=9, value="gave up in May")
    book["Key"].cell(row=60, column=1, value="\u2713")
    book.save(path)
    found = returned_answers([path], AS_OF, published)
    assert found.answers["decision"].tolist()[:2] == ["accepted", "refused"], "the answer counts"
    heading = str(book.worksheets[1].cell(row=1, column=9).value)
    assert found.refused[["line", "problem"]].to_numpy().tolist() == [
        [2, "typed outside the columns for answers: under 'what to do': seen at home by AB"],
        [3, f"typed outside the columns for answers: sheet More, under '{heading}': gave up in May"],
        [60, "typed outside the columns for answers: sheet Key, under 'SYNTHETIC': \u2713"],
    ]
    assert queries(NO_CONFLICTS, found.answers, AS_OF)["query"].str.contains("seen at home by AB").any()
    assert returned_answers([path], AS_OF).not_compared == 1, (
        "without the run it is said that nothing was compared"
    )


def test_a_note_on_a_list_that_asks_nothing_is_told(tmp_path: Path) -> None:
    """A worklist is never sent back, but some are, and with notes on them."""
    path, published = sent_and_published(tmp_path, "changes", ".xlsx")
    book = openpyxl.load_workbook(path)
    book.worksheets[0].cell(row=2, column=6, value="died last week")
    book.save(path)
    found = returned_answers([path], AS_OF, published)
    assert found.refused["problem"].tolist() == [
        "typed outside the columns for answers: under 'Why': died last week"
    ]
    assert (
        found.answers["reason"]
        .iloc[0]
        .startswith("Changes list of 2 Apr 2026 that you returned, row 2: typed")
    )
    assert lists_in([tmp_path / "run"]), "such lists are among those that are read"
    assert any(found.name.endswith("_changes.xlsx") for found in lists_in([tmp_path / "run"]))


def test_a_reference_typed_over_another_persons_is_no_answer(tmp_path: Path) -> None:
    path, published = sent_and_published(tmp_path, "clinic", ".csv")
    first, second = (row[3] for row in answered(path)[1:3])
    path.write_bytes(
        as_csv(answered(path, {"patient_ref": second, "clinician_decision": "declined"}), "utf-8")
    )
    found = returned_answers([path], AS_OF, published)
    assert found.answers["decision"].tolist() == ["refused"]
    assert found.refused["problem"].tolist() == ["the reference was typed over another person's"]
    assert first != second


def test_another_practices_reference_is_no_answer_and_says_where(tmp_path: Path) -> None:
    path, published = sent_and_published(tmp_path, "clinic", ".csv")
    everybody = night(*PATIENTS).patients
    strangers = everybody.loc[everybody["practice_id"] == "A81002", "patient_ref"].tolist()
    lines = answered(path, {"patient_ref": strangers[0], "clinician_decision": "declined"})
    path.write_bytes(as_csv(lines, "utf-8"))
    found = returned_answers([path], AS_OF, published)
    assert found.answers["decision"].tolist() == ["refused"]
    assert found.refused[["file", "line", "problem"]].to_numpy().tolist() == [
        [path.name, 2, "the reference is another practice's"]
    ]
    assert "Check whose list this was" in queries(NO_CONFLICTS, found.answers, AS_OF)["please"].iloc[0]


def test_what_was_refused_earlier_stays_and_lies_outside_the_extracts(tmp_path: Path) -> None:
    """The withheld words stand nowhere else; the next return must not take their place."""
    returned, output = tmp_path / "returned", tmp_path / "extracts" / "decisions.csv"
    for folder in (returned, output.parent):
        folder.mkdir()
    for word in ("maybe", "perhaps", "perhaps"):
        path = returned_csv(returned, "clinic", {"clinician_decision": word})
        command(path, "-o", output)
    kept = pd.read_csv(returned / "refused_decisions.csv", dtype="str")
    assert kept[["decision", "line", "returned_on"]].to_numpy().tolist() == [
        ["maybe", "2", AS_OF.isoformat()],
        ["perhaps", "2", AS_OF.isoformat()],
    ]
    assert [file.name for file in output.parent.iterdir()] == ["decisions.csv"]
    (returned / "CURRENT.json").touch()
    with pytest.raises(OutputError, match="inside the output of runs"):
        command(path, "-o", output)


def test_a_missing_date_is_the_day_of_return_and_a_reason_alone_is_a_note(tmp_path: Path) -> None:
    rows = answered(
        clinic_list(tmp_path, ".csv"),
        {"clinician_decision": "accepted"},
        {"decision_reason": "in hospital abroad"},
    )
    path = tmp_path / "A81001_2026-04-02_clinic.csv"
    path.write_bytes(as_csv(rows, "utf-8"))
    found = returned_answers([path], AS_OF)
    assert found.answers[["decision", "reason", "decided_on"]].to_numpy().tolist() == [
        ["accepted", None, AS_OF],
        ["note", "in hospital abroad", AS_OF],
    ]
    assert found.dated_by_return == [True, True]
    feedback = validate_decisions(found.answers, AS_OF)
    assert (len(feedback.accepted), len(feedback.notes), len(feedback.refused)) == (1, 1, 0)


IDENTIFYING = ("NHS 943 476 5919", "lives at SW1A 1AA", "tel 07700 900123", "ask jo@surgery.example")


@pytest.mark.parametrize("text", IDENTIFYING)
def test_a_reason_that_names_somebody_stays_out_of_the_extracts(text: str, tmp_path: Path) -> None:
    """The run refuses extracts that identify people: the answer counts, its words go back to the practice."""
    rows = answered(clinic_list(tmp_path, ".csv"), {**ANSWER, "decision_reason": text})
    path = tmp_path / "A81001_2026-04-02_clinic.csv"
    path.write_bytes(as_csv(rows, "utf-8"))
    found = returned_answers([path], AS_OF)
    assert found.answers["decision"].tolist() == ["declined", "refused"]
    assert found.answers["reason"].iloc[0] == WITHHELD
    assert not [each for each in found.answers["reason"] if names_somebody(each)]
    assert found.refused["reason"].tolist() == [text], "the analyst's file has it as it was written"


def test_ordinary_words_and_references_name_nobody() -> None:
    assert is_nhs_number("943 476 5919")
    assert not is_nhs_number("943 476 5918")
    for text in (
        "CP-G0ZW-0YCP-2",
        "2 courses since 12 Mar 2026",
        "FEV1 58 % in 2025",
        "30/40 on MRC 5",
        "1234567890",
    ):
        assert not names_somebody(text)


def test_blank_lists_ask_nothing_and_other_files_are_told_apart(tmp_path: Path) -> None:
    files = write(tmp_path, night(*PATIENTS))
    lists = [f.path for f in files if f.path.suffix in (".csv", ".xlsx")]
    found = returned_answers(lists, AS_OF)
    assert (len(found.answers), len(found.refused), found.unread) == (0, 0, ())
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    other = [tmp_path / "other.csv", tmp_path / "none.csv"]
    (tmp_path / "list.ods").write_bytes(b"PK")
    (tmp_path / "broken.xlsx").write_bytes(b"PK")
    with zipfile.ZipFile(tmp_path / "huge.xlsx", "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("xl/worksheets/sheet1.xml", bytes(31_000_000))
    bad = [tmp_path / name for name in ("list.ods", "broken.xlsx", "huge.xlsx")]
    unread = returned_answers([*other, *bad], AS_OF).unread
    told = {error.problem.split(":")[0].rsplit("/")[-1]: error.problem for error in unread}
    assert "not a returned list" in told["other.csv"]
    assert "cannot be read" in told["none.csv"]
    assert ".ods files cannot be read" in told["list.ods"]
    assert "not a workbook" in told["broken.xlsx"]
    assert "is far larger than any list (31 MB)" in told["huge.xlsx"]


@pytest.mark.parametrize("at", range(0, 100, 4))
def test_a_workbook_damaged_anywhere_is_read_or_told(at: int, tmp_path: Path) -> None:
    """Kept from fuzzing: a damaged member raises whatever the unpacker raises."""
    path = answered_workbook(clinic_list(tmp_path, ".xlsx"), Decision="accepted", Date=datetime(2026, 3, 1))
    content = bytearray(path.read_bytes())
    for place in range(at * len(content) // 100, at * len(content) // 100 + 12):
        content[place] ^= 0x55
    path.write_bytes(content)
    found = returned_answers([path], AS_OF)
    assert len(found.unread) + len(found.answers) >= 1


def test_a_field_longer_than_any_answer_is_told(tmp_path: Path) -> None:
    path = clinic_list(tmp_path, ".csv")
    path.write_bytes(path.read_bytes() + b'"' + b"x" * 200_000)
    (error,) = returned_answers([path], AS_OF).unread
    assert "longer than any answer" in str(error)


def test_a_list_without_an_answer_adds_nothing(tmp_path: Path) -> None:
    """Kept from the damage programs: it ended as an internal error."""
    output = tmp_path / "decisions.csv"
    done = command(clinic_list(tmp_path, ".csv"), "-o", output)
    assert done.exit_code == 0
    assert "answers 0" in done.output


def command(*arguments: object) -> Result:
    return CliRunner().invoke(
        commands, ["decisions", *map(str, arguments), "--as-of", AS_OF.isoformat()], catch_exceptions=False
    )


def test_a_folder_of_lists_becomes_the_decisions_table_and_earlier_answers_stay(tmp_path: Path) -> None:
    path = clinic_list(tmp_path, ".csv")
    path.write_bytes(
        as_csv(answered(path, {"clinician_decision": "Declined", "decided_on": "01/03/2026"}), "utf-8")
    )
    output = tmp_path / "decisions.csv"
    first = command(tmp_path / "direct_care", "-o", output)
    assert first.exit_code == 0
    assert "answers 1, refused 0, new 1, held already 0" in first.output
    assert "100%" in first.output
    answered_workbook(clinic_list(tmp_path, ".xlsx"), Decision="accepted", Date=datetime(2026, 3, 20))
    command(tmp_path / "direct_care", "-o", output)
    table = pd.read_csv(output, dtype="str")
    assert table[["practice_id", "decision", "decided_on"]].to_numpy().tolist() == [
        ["A81001", "declined", "2026-03-01"],
        ["A81001", "accepted", "2026-03-20"],
    ]
    assert len(validate_decisions(table, AS_OF).accepted) == 2
    command(tmp_path / "direct_care", "-o", output)
    assert len(pd.read_csv(output)) == 2


def test_an_answer_without_a_date_that_comes_back_twice_is_one(tmp_path: Path) -> None:
    path, output = clinic_list(tmp_path, ".csv"), tmp_path / "decisions.csv"
    path.write_bytes(as_csv(answered(path, {"clinician_decision": "accepted"}), "utf-8"))
    for day in (AS_OF, AS_OF + timedelta(days=7)):
        told = CliRunner().invoke(
            commands, ["decisions", str(path), "-o", str(output), "--as-of", day.isoformat()]
        )
        assert "without a date, so dated by their return: 1" in told.output
    assert pd.read_csv(output)["decided_on"].tolist() == [AS_OF.isoformat()]


def test_a_corrected_date_is_another_answer(tmp_path: Path) -> None:
    path, output = clinic_list(tmp_path, ".csv"), tmp_path / "decisions.csv"
    for day in ("1/3/26", "2/3/26"):
        path.write_bytes(
            as_csv(answered(path, {"clinician_decision": "accepted", "decided_on": day}), "utf-8")
        )
        command(path, "-o", output)
    assert pd.read_csv(output)["decided_on"].tolist() == ["2026-03-01", "2026-03-02"]


def test_refused_answers_are_kept_apart_told_and_settled_by_a_better_one(tmp_path: Path) -> None:
    path, output = clinic_list(tmp_path, ".csv"), tmp_path / "decisions.csv"
    path.write_bytes(as_csv(answered(path, {"clinician_decision": "maybe"}), "utf-8"))
    found = command(path, "-o", output)
    assert found.exit_code == 0
    assert "cannot be used: 1 (not a known decision)" in found.output
    refused = pd.read_csv(path.with_name("refused_decisions.csv"), dtype="str")
    assert refused[["practice_id", "decision", "problem"]].to_numpy().tolist() == [
        ["A81001", "maybe", "not a known decision: maybe"]
    ]
    assert refused["patient_ref"].iloc[0] not in found.output
    feedback = validate_decisions(pd.read_csv(output, dtype="str", keep_default_na=False), AS_OF)
    assert (len(feedback.accepted), feedback.refused["problem"].tolist()) == (
        0,
        ["refused when it came back"],
    )
    path.write_bytes(as_csv(answered(path, {"clinician_decision": "declined"}), "utf-8"))
    command(path, "-o", output)
    feedback = validate_decisions(pd.read_csv(output, dtype="str", keep_default_na=False), AS_OF)
    assert (len(feedback.accepted), len(feedback.refused)) == (1, 0), (
        "the answer is in: nobody is asked again"
    )


def test_a_formula_in_a_reason_is_inert_in_the_table(tmp_path: Path) -> None:
    path, output = clinic_list(tmp_path, ".csv"), tmp_path / "decisions.csv"
    rows = answered(path, {"clinician_decision": "accepted", "decision_reason": "=cmd|' /C calc'!A0"})
    path.write_bytes(as_csv(rows, "utf-8"))
    for _ in range(2):
        command(path, "-o", output)
        assert pd.read_csv(output)["reason"].tolist() == ["'=cmd|' /C calc'!A0"]


def test_what_cannot_be_read_is_told_after_the_rest_is_safe(tmp_path: Path) -> None:
    path, output = clinic_list(tmp_path, ".csv"), tmp_path / "decisions.csv"
    path.write_bytes(as_csv(answered(path, {"clinician_decision": "accepted"}), "utf-8"))
    (tmp_path / "scan.pdf").write_bytes(b"%PDF")
    with pytest.raises(InputError, match=r"scan\.pdf: \.pdf files cannot be read"):
        command(path, tmp_path / "scan.pdf", "-o", output)
    assert len(pd.read_csv(output)) == 1


def test_a_table_of_something_else_is_not_overwritten(tmp_path: Path) -> None:
    path = clinic_list(tmp_path, ".csv")
    path.write_bytes(as_csv(answered(path, {"clinician_decision": "accepted"}), "utf-8"))
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


def test_a_filled_in_list_becomes_decisions_that_hold(tmp_path: Path) -> None:
    first = night(*PATIENTS)
    path = clinic_list(tmp_path, ".csv")
    path.write_bytes(as_csv(answered(path, ANSWER), "utf-8"))
    answers = returned_answers([path], AS_OF).answers
    second = assign(
        first.patients.drop(columns=["disposition"]),
        load_policy("risk_and_rules"),
        as_of=AS_OF + timedelta(days=1),
        previous=first.history,
        decisions=answers,
    )
    assert "left: declined" in second.changes["change"].tolist()
