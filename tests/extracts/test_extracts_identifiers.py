"""The identifier gate: what is refused, what passes, and that no value is ever repeated."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from extract_world import (
    Rows,
    gp_events,
    hospital_episodes,
    ingested,
    patients,
    person,
    prescriptions,
    write_extract,
)

from copd_strat.config import GuardSettings
from copd_strat.errors import IdentifiableDataError
from copd_strat.extracts.identifier_gate import looks_identifying
from copd_strat.quality.linkage_findings import coded_section, judge_linkage, linkage_section
from copd_strat.quality.thresholds import judge_thresholds

# Made from the check digit rule alone; none is known to be anybody's.
WEIGHTS = range(10, 1, -1)


def check_digit(nine: str) -> int | None:
    digit = (11 - sum(w * int(d) for w, d in zip(WEIGHTS, nine, strict=True)) % 11) % 11
    return None if digit == 10 else digit


def nhs_numbers(count: int) -> list[str]:
    rng = random.Random(5)
    numbers = (f"{rng.randrange(4 * 10**8, 8 * 10**8):09d}" for _ in range(2 * count + 50))
    return [nine + str(check_digit(nine)) for nine in numbers if check_digit(nine) is not None][:count]


def random_ten_digit_ids(count: int) -> list[str]:
    rng = random.Random(6)
    return [str(rng.randrange(10**9, 10**10)) for _ in range(count)]


def with_people(ids: list[str]) -> dict[str, Rows]:
    """The extract with other patient ids, everywhere the same ones."""
    new = {person(n): identifier for n, identifier in enumerate(ids)}
    everyone = [
        row | {"patient_id": ids[n], "birth_year": 1950}
        for n, row in enumerate((patients() * (len(ids) // 40 + 1))[: len(ids)])
    ]
    return {
        "patients": everyone,
        "gp_events": [row | {"patient_id": new[row["patient_id"]]} for row in gp_events()],
        "prescriptions": [row | {"patient_id": new[row["patient_id"]]} for row in prescriptions()],
        "hospital_episodes": [row | {"patient_id": new[row["patient_id"]]} for row in hospital_episodes()],
    }


def test_ten_digit_pseudonyms_that_pass_by_chance_are_accepted(tmp_path: Path) -> None:
    ids = random_ten_digit_ids(1000)
    passing = sum(check_digit(value[:9]) == int(value[9]) for value in ids)
    assert 0.06 < passing / len(ids) < 0.12
    with ingested(write_extract(tmp_path / "in", **with_people(ids)), tmp_path) as night:
        assert night.count("patients") == 1000


@pytest.mark.parametrize("written", ["{}", "{0[0]}{0[1]}{0[2]} {0[3]}{0[4]}{0[5]} {0[6]}{0[7]}{0[8]}{0[9]}"])
def test_nhs_numbers_for_patient_ids_are_refused(tmp_path: Path, written: str) -> None:
    ids = [written.format(number) for number in nhs_numbers(60)]
    with (
        pytest.raises(IdentifiableDataError, match="column patient_id holds NHS numbers") as raised,
        ingested(write_extract(tmp_path / "in", **with_people(ids)), tmp_path),
    ):
        pass
    assert raised.value.exit_code == 16
    assert not any(value in str(raised.value) for value in ids)


def test_a_single_nhs_number_in_free_text_is_refused(tmp_path: Path) -> None:
    rows = gp_events()
    rows[7] |= {"unit": nhs_numbers(1)[0]}
    with (
        pytest.raises(IdentifiableDataError, match="column unit holds NHS numbers"),
        ingested(write_extract(tmp_path / "in", gp_events=rows), tmp_path),
    ):
        pass


@pytest.mark.parametrize(
    "name",
    ["NHSNumber", "nhs_no", "Forename", "SURNAME", "Postcode", "DOB", "date_of_birth", "DateOfBirth", "DateBirth",
     "email", "HomePhone", "mobile", "UPRN", "Address_Line_1", "hospital_number", "GivenName", "carer_name"],
)  # fmt: skip
def test_a_column_named_like_an_identifier_is_refused_unread(tmp_path: Path, name: str) -> None:
    rows = [row | {name: "" if n else "x"} for n, row in enumerate(prescriptions())]
    with (
        pytest.raises(IdentifiableDataError, match=f"prescriptions.csv: column {name} is named like"),
        ingested(write_extract(tmp_path / "in", prescriptions=rows), tmp_path),
    ):
        pass


def test_a_name_is_judged_without_its_case_and_separators() -> None:
    assert all(map(looks_identifying, ("PatientName", "NHS Number", "nhsnumber", "Post-Code", "E-Mail")))
    assert not any(map(looks_identifying, ("event_date", "registration_start", "code", "PRACTICE", "epikey")))


UNREAD: dict[str, tuple[Any, str]] = {
    "nhs numbers": (lambda n: nhs_numbers(120)[n % 120], "NHS numbers"),
    "e-mail addresses": (lambda n: f"someone{n}@example.org", "e-mail addresses"),
    "telephone numbers": (lambda n: f"07700 900{n:03d}", "telephone numbers"),
    "postcodes": (lambda n: f"ZZ{n % 90 + 1} {n % 9}ZZ", "full postcodes"),
    "dates of birth": (lambda n: f"19{30 + n % 50}-0{1 + n % 9}-1{n % 9}", "dates of birth"),
    "dates of birth with a time": (lambda n: f"1{n % 9} Mar 19{30 + n % 50} 00:00", "dates of birth"),
    "British dates of birth": (lambda n: f"1{n % 9}/0{1 + n % 9}/19{30 + n % 50}", "dates of birth"),
}


@pytest.mark.parametrize(("value", "what"), UNREAD.values(), ids=UNREAD.keys())
def test_a_column_that_nobody_reads_is_refused_for_what_it_holds(
    tmp_path: Path, value: Any, what: str
) -> None:
    rows = [row | {"extra": value(n)} for n, row in enumerate(gp_events())]
    with (
        pytest.raises(IdentifiableDataError, match="column extra holds") as raised,
        ingested(write_extract(tmp_path / "in", gp_events=rows), tmp_path),
    ):
        pass
    assert what in str(raised.value)
    assert not any(value(n) in str(raised.value) for n in range(200))


@pytest.mark.parametrize("value", ["ZZ1 1ZZ", "a.person@example.org", "07700900123", "+447700900123"])
def test_one_postcode_mail_or_telephone_in_a_text_column_is_refused(tmp_path: Path, value: str) -> None:
    rows = patients()
    rows[11] |= {"ethnicity": value}
    with (
        pytest.raises(IdentifiableDataError, match="column ethnicity holds") as raised,
        ingested(write_extract(tmp_path / "in", patients=rows), tmp_path),
    ):
        pass
    assert value not in str(raised.value)


def _grouped(number: str, mark: str) -> str:
    return f"{number[:3]}{mark}{number[3:6]}{mark}{number[6:]}"


SENTENCES = (
    "{}", "NHS {}", "nhs no.{}", "({})", "per {} as told", "12 {} 3", "a:{};b", "x{}y", "{}, {}",
    "1234567890 {}", "no. 7 {}",
)  # fmt: skip


@pytest.mark.parametrize("mark", ["", " ", "-"])
@pytest.mark.parametrize("sentence", SENTENCES)
def test_an_nhs_number_is_found_inside_any_text(tmp_path: Path, sentence: str, mark: str) -> None:
    number = nhs_numbers(3)[2]
    rows = gp_events()
    rows[7] |= {"unit": sentence.replace("{}", _grouped(number, mark))}
    with (
        pytest.raises(IdentifiableDataError, match="column unit holds") as raised,
        ingested(write_extract(tmp_path / "in", gp_events=rows), tmp_path),
    ):
        pass
    assert number not in str(raised.value)
    assert number[6:] not in str(raised.value)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("lives at ZZ1 1ZZ now", "full postcodes"),
        ("write to a.person@example.org please", "e-mail addresses"),
        ("ring 07700 900123 after six", "telephone numbers"),
        ("ring +44 7700900123", "telephone numbers"),
        ("DOB: 12/03/1945", "dates of birth"),
        ("born 1945-03-12", "dates of birth"),
    ],
)
def test_other_identifiers_are_found_inside_a_sentence(tmp_path: Path, text: str, what: str) -> None:
    rows = gp_events()
    rows[7] |= {"unit": text}
    with (
        pytest.raises(IdentifiableDataError, match=f"column unit holds {what}"),
        ingested(write_extract(tmp_path / "in", gp_events=rows), tmp_path),
    ):
        pass


def test_units_and_numbers_of_other_kinds_are_no_identifiers(tmp_path: Path) -> None:
    units = ["10*9/L", "mL/min/1.73m2", "0.1234567890", "% predicted (2019)", "13645005 138875005", "1-2-3",
             "2024-01-05 10:00", "42087311000001104", "per 12345 67890 11", "newborn scale 3"]  # fmt: skip
    rows = [row | {"unit": units[n % len(units)]} for n, row in enumerate(gp_events())]
    with ingested(write_extract(tmp_path / "in", gp_events=rows), tmp_path) as night:
        assert night.count("gp_events") == len(rows)


def test_areas_and_outward_codes_are_no_postcodes(tmp_path: Path) -> None:
    rows = [row | {"area": f"E0100{n:04d}", "outward": f"LS{n % 30}"} for n, row in enumerate(gp_events())]
    with ingested(write_extract(tmp_path / "in", gp_events=rows), tmp_path) as night:
        assert night.receipt("gp_events").files[0].unread == ("area", "outward")


def test_dates_of_birth_in_a_text_column_are_refused(tmp_path: Path) -> None:
    rows = [row | {"unit": f"19{30 + n % 50}-0{1 + n % 9}-1{n % 9}"} for n, row in enumerate(gp_events())]
    with (
        pytest.raises(IdentifiableDataError, match="column unit holds dates that look like dates of birth"),
        ingested(write_extract(tmp_path / "in", gp_events=rows), tmp_path),
    ):
        pass


def test_old_dates_of_care_are_no_dates_of_birth(tmp_path: Path) -> None:
    rows = [
        row | {"elected": f"20{5 + n % 10:02d}-0{1 + n % 9}-1{n % 9}"} for n, row in enumerate(gp_events())
    ]
    with ingested(write_extract(tmp_path / "in", gp_events=rows), tmp_path) as night:
        assert night.receipt("gp_events").files[0].unread == ("elected",)


CANARY = "Canary-7Fz"


@pytest.mark.parametrize("many", [False, True], ids=["quarantined", "run stopped"])
@pytest.mark.parametrize("table", ["patients", "gp_events", "hospital_episodes"])
def test_no_value_of_a_bad_row_leaves_the_quarantine(tmp_path: Path, table: str, many: bool) -> None:
    """Rows with a canary in every column, few or too many: it is in no message and no receipt."""
    make = {"patients": patients, "gp_events": gp_events, "hospital_episodes": hospital_episodes}[table]
    rows = make()
    columns = list(rows[0])
    for n in range(len(rows) if many else 1):
        rows[n] = dict.fromkeys(columns, f"{CANARY}{n}") if n % 2 == 0 else rows[n]
    folder = write_extract(tmp_path / "in", **{table: rows})
    path = folder / f"{table}.csv"
    path.write_text(path.read_text(encoding="utf-8") + f"{CANARY},cut off\n", encoding="utf-8")
    with ingested(folder, tmp_path) as night:
        judged = judge_thresholds((receipt, receipt.contract) for receipt in night.ingested.tables)
        findings = judge_linkage(night.ingested.linkages, {}, GuardSettings())
        shown = (
            judged,
            findings,
            linkage_section(night.ingested.linkages, 0, {}),
            coded_section(night.ingested.tables),
        )
        told = json.dumps(night.ingested.to_json()) + repr(shown)
        assert bool(judged.failures) == many
        assert sum(CANARY in str(row) for row in night.quarantine(table)) >= 2
        assert CANARY not in told
