"""SystmOne: deliveries in the order of their days, removed rows, two code systems, patients for tests left out."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from extract_world import ReadNight, Rows, as_csv, broken_rules, ingested

from copd_strat.errors import IdentifiableDataError, InputError
from copd_strat.extracts.deliveries import delivery_of

FULL, NEXT, LATER = "20260101_0200", "20260102_0200", "20260103_0200"


def patient(number: int, **changes: Any) -> dict[str, Any]:
    row = {
        "RowIdentifier": f"P{number:03d}",
        "YearOfBirth": 1950,
        "DateDeath": "",
        "Gender": "F",
        "TestPatient": "FALSE",
        "RemovedData": 0,
    }
    return row | changes


def registration(number: int, **changes: Any) -> dict[str, Any]:
    row = {
        "RowIdentifier": 500 + number,
        "IDPatient": f"P{number:03d}",
        "DateRegistration": "01 Apr 2015 00:00:00",
        "DateDeRegistration": "",
        "RegistrationStatus": "GMS",
        "IDOrganisation": "A81001",
        "RemovedData": 0,
    }
    return row | changes


def code(number: int, **changes: Any) -> dict[str, Any]:
    row = {
        "RowIdentifier": number,
        "IDPatient": f"P{number % 20:03d}",
        "DateEvent": "04 Mar 2025 14:53:28",
        "DateEventRecorded": "05 Mar 2025 00:00:00",
        "CTV3Code": "H3...",
        "SNOMEDCode": "13645005",
        "NumericComparator": "",
        "IsNumeric": "FALSE",
        "NumericValue": 0,
        "NumericUnit": "",
        "RemovedData": 0,
    }
    return row | changes


def removed(number: int) -> dict[str, Any]:
    """A row that removes another, as a delta sends it: nothing but its identifier."""
    return dict.fromkeys(code(number), "") | {"RowIdentifier": number, "RemovedData": 1}


def issue(number: int, **changes: Any) -> dict[str, Any]:
    row = {
        "RowIdentifier": number,
        "IDPatient": f"P{number % 20:03d}",
        "DateEvent": "04 Mar 2025 09:30:00",
        "DateEventRecorded": "04 Mar 2025 09:30:00",
        "IDMultiLexDMD": "42087311000001104",
        "IDMultiLexProduct": 77,
        "DateMedicationStart": "04 Mar 2025 00:00:00",
        "DateMedicationEnd": "09 Mar 2025 00:00:00",
        "MedicationQuantity": "30 tablet",
        "IsHospitalMedication": "FALSE",
        "RemovedData": 0,
    }
    return row | changes


def full(**changed: Rows) -> dict[str, Rows]:
    tables = {
        "SROrganisation": [{"ID": "A81001", "Name": "One"}, {"ID": "RX1", "Name": "Trust"}],
        "SRPatient": [patient(n) for n in range(20)],
        "SRPatientRegistration": [registration(n) for n in range(20)],
        "SRCode": [code(n) for n in range(20)],
        "SRCtv3ToSnomed": [{"Ctv3Code": "H3...", "SnomedCode": "13645005"}],
    }
    return tables | changed


def manifest(is_delta: str, *tables: str) -> Rows:
    return [{"FileName": table, "IsDelta": is_delta} for table in tables]


def deliver(folder: Path, tables: dict[str, Rows], ending: str = "") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in tables.items():
        (folder / f"{name}{ending}.csv").write_text(as_csv(rows), encoding="utf-8")
    return folder.parent


def days(night: ReadNight) -> dict[str, list[date]]:
    """Patient → days of the events that count."""
    found: dict[str, list[date]] = {}
    for person, day in night.engine.rows("SELECT patient_id, event_date FROM gp_events ORDER BY ALL"):
        found.setdefault(person, []).append(day)
    return found


def test_codes_units_and_medicines(tmp_path: Path) -> None:
    codes = [
        *(code(n) for n in range(20)),
        code(20, CTV3Code="H3...", SNOMEDCode=-1),  # the map knows it
        code(21, CTV3Code="XaW9D", SNOMEDCode=""),  # a Read code alone: no map, but a list of ours
        code(22, CTV3Code="Xzzzz", SNOMEDCode=""),  # known to nobody
        code(23, CTV3Code="Yabc1", SNOMEDCode=-1),  # SystmOne's own
        code(24, DateEvent="", IsNumeric="TRUE", NumericValue="1.42", NumericUnit="L"),
        code(25, IsNumeric="FALSE", NumericValue=0, NumericUnit="L"),
    ]
    issues = [
        issue(1),
        issue(2, MedicationQuantity="2 x 28 tablets", IDMultiLexDMD=-1),
        issue(3, MedicationQuantity="200dose", DateEvent="", DateMedicationEnd="04 Mar 2025 00:00:00"),
        issue(4, IsHospitalMedication="TRUE"),
    ]
    jabs = [
        {"RowIdentifier": 1, "IDPatient": "P001", "DateEvent": "01 Oct 2025 10:00:00", "ImmsReadCode": "65E..",
         "ImmsSNOMEDCode": "822851000000102", "RemovedData": 0},
    ]  # fmt: skip
    folder = deliver(
        tmp_path / "in" / FULL, full(SRCode=codes, SRPrimaryCareMedication=issues, SRImmunisation=jabs)
    )
    with ingested(folder, tmp_path, "tpp") as night:
        by_code = night.engine.rows(
            "SELECT code, code_system, count(*) FROM gp_events GROUP BY ALL ORDER BY ALL"
        )
        assert by_code == [
            ("13645005", "snomed", 23),
            ("822851000000102", "snomed", 1),
            ("XaW9D", "ctv3", 1),
            ("Xzzzz", "ctv3", 1),
            ("Yabc1", "tpp", 1),
        ]
        valued = "SELECT event_date, value, unit FROM gp_events WHERE value IS NOT NULL OR unit IS NOT NULL"
        assert night.engine.rows(valued) == [(date(2025, 3, 5), 1.42, "L")]
        assert night.engine.rows(
            "SELECT dmd_code, quantity, duration_days FROM prescriptions ORDER BY ALL"
        ) == [
            ("42087311000001104", 30.0, 5.0),
            ("42087311000001104", 200.0, None),
            ("tpp:77", None, 5.0),
        ]
        assert night.broken("srprimarycaremedication", "tpp") == {
            "MedicationQuantity.pattern": 1,
            "IsHospitalMedication.none_of": 1,
        }
        told = [(lookup.column, lookup.missing, lookup.rows) for lookup in night.ingested.lookups]
        assert told == [("CTV3Code", 2, 3)], "of the codes that need the map: neither SNOMED nor Y codes"
        assert night.engine.rows("SELECT practice_id, practice_name FROM organisations") == [
            ("A81001", "One")
        ]


def test_a_delta_corrects_and_removes_rows_and_sends_some_again(tmp_path: Path) -> None:
    deliver(tmp_path / "in" / FULL, full())
    deliver(
        tmp_path / "in" / NEXT,
        {"SRCode": [code(1, DateEvent="01 Jun 2025 08:00:00"), code(2, RemovedData=1), removed(3)],
         "SRPatientRegistration": [registration(4, DateDeRegistration="31 Dec 2025 00:00:00"),
                                   {**dict.fromkeys(registration(5), ""), "RowIdentifier": 505, "RemovedData": 1}]},
    )  # fmt: skip
    folder = deliver(tmp_path / "in" / LATER, {"SRCode": [code(3)]})
    with ingested(folder, tmp_path, "tpp") as night:
        found = days(night)
        assert found["P001"] == [date(2025, 6, 1)]
        assert "P002" not in found
        assert found["P003"] == [date(2025, 3, 4)], (
            "sent again as it was: no duplicate of the row that was removed"
        )
        assert night.count("patients") == 19
        assert night.count("patients WHERE registration_end = DATE '2025-12-31'") == 1
        assert "P005" not in found, "without a registration nobody is a patient"
        assert night.receipt("srcode").totals["duplicates"] == 0


def test_the_day_in_the_name_orders_deliveries_whatever_their_place(tmp_path: Path) -> None:
    """Listed last, the oldest delivery is still the oldest; a copy of a delta changes nothing."""
    deliver(tmp_path / "in" / f"z_first_{FULL}", full())
    later = {"SRCode": [removed(1), code(2, DateEvent="02 Jun 2025 08:00:00")]}
    between = {"SRCode": [code(1, DateEvent="01 Jun 2025 08:00:00"), removed(2)]}
    deliver(tmp_path / "in" / "a_2026-01-03T02.00.00", later)
    deliver(tmp_path / "in" / "a_2026-01-03T02.00.00", later, ending="_copy")
    folder = deliver(tmp_path / "in" / "archived", between, ending="_20260102")
    with ingested(folder, tmp_path, "tpp") as night:
        found = days(night)
        assert "P001" not in found
        assert found["P002"] == [date(2025, 6, 2)]
        assert night.receipt("srcode").totals == {
            "rows_in": 26,
            "loaded": 24,
            "quarantined": 0,
            "duplicates": 2,
        }


def test_a_full_history_takes_the_place_of_all_before(tmp_path: Path) -> None:
    """Only where the manifest says so, and only for the tables that it names."""
    deliver(tmp_path / "in" / FULL, full())
    again = {"SRCode": [code(1)], "SRManifest": manifest("N", "SRCode") + manifest("Y", "SRPatient")}
    folder = deliver(tmp_path / "in" / NEXT, again | {"SRPatient": [patient(1)]})
    with ingested(folder, tmp_path / "named", "tpp") as night:
        assert days(night) == {"P001": [date(2025, 3, 4)]}
        assert night.count("patients") == 20
    (tmp_path / "in" / NEXT / "SRManifest.csv").unlink()
    with ingested(folder, tmp_path / "unnamed", "tpp") as night:
        assert len(days(night)) == 20


def test_patients_for_tests_are_left_out_and_counted(tmp_path: Path) -> None:
    people = [patient(n, TestPatient="true" if n == 5 else "FALSE") for n in range(20)]
    kinds = {6: "Temporary Resident < 16 days", 7: "GMS,Contraception", 8: "", 9: "Standard", 10: "Private"}
    registered = [registration(n, RegistrationStatus=kinds.get(n, "GMS")) for n in range(20)]
    registered[11]["IDOrganisation"] = "RX1"  # a trust is no practice
    folder = deliver(tmp_path / "in" / FULL, full(SRPatient=people, SRPatientRegistration=registered))
    with ingested(folder, tmp_path, "tpp") as night:
        kept = {person for (person,) in night.engine.rows("SELECT patient_id FROM patients")}
        assert {f"P{n:03d}" for n in range(20)} - kept == {"P005", "P006", "P010", "P011"}
        assert kept == days(night).keys()
        assert night.ingested.left_out == 4
        assert night.broken("srpatient", "tpp") == {"TestPatient.none_of": 1}
        quarantine = night.quarantine("srcode")
        assert broken_rules(quarantine, "srcode", "tpp") == {"IDPatient.patient_left_out": 4}
        assert {row["IDPatient"] for row in quarantine} == {None}


@pytest.mark.parametrize("form", ["04 Mar 2025 23:59:59", "04 Mar 2025 00:00", "04 Mar 2025"])
def test_days_are_read_with_any_time_behind_them(tmp_path: Path, form: str) -> None:
    codes = [code(n, DateEvent=form if n % 2 else "04 Mar 2025 14:53:28") for n in range(20)]
    codes[7]["DateEvent"], codes[9]["DateEvent"] = "31 Feb 2025 10:00:00", "04 Mar 25 10:00:00"
    people = [patient(n, DateDeath="10 Jun 2025 13:45" if n == 3 else "") for n in range(20)]
    folder = deliver(tmp_path / "in" / FULL, full(SRCode=codes, SRPatient=people))
    with ingested(folder, tmp_path, "tpp") as night:
        assert night.count("gp_events WHERE event_date = DATE '2025-03-04'") == 18
        assert broken_rules(night.quarantine("srcode"), "srcode", "tpp") == {"DateEvent.readable": 2}
        assert night.engine.rows(
            "SELECT patient_id, death_date FROM patients WHERE death_date IS NOT NULL"
        ) == [("P003", date(2025, 6, 10))]


def test_days_whose_month_may_be_the_day_are_still_refused(tmp_path: Path) -> None:
    codes = [code(n, DateEvent="04/03/2025 10:00:00") for n in range(20)]
    folder = deliver(tmp_path / "in" / FULL, full(SRCode=codes))
    with ingested(folder, tmp_path, "tpp") as night:
        assert night.receipt("srcode").totals["quarantined"] == 20


def test_several_files_need_a_day_in_their_names(tmp_path: Path) -> None:
    folder = deliver(tmp_path / "in" / "first", full())
    with ingested(folder, tmp_path / "one", "tpp") as night:
        assert night.count("gp_events") == 20
    deliver(tmp_path / "in" / "second", {"SRCode": [removed(1)]})
    with (
        pytest.raises(
            InputError, match=r"first/SRCode\.csv: one of 2 files of srcode.*tells no day"
        ) as refused,
        ingested(folder, tmp_path / "two", "tpp"),
    ):
        pass
    assert "20261031_0200" in str(refused.value.fix)


def test_text_of_windows_is_read_as_such_and_told(tmp_path: Path) -> None:
    rows = [issue(n) | {"NameOfMedication": "\N{VULGAR FRACTION ONE HALF} strength"} for n in range(20)]
    place = tmp_path / "in" / FULL
    folder = deliver(place, full(SRPrimaryCareMedication=rows))
    (place / "SRPrimaryCareMedication.csv").write_bytes(as_csv(rows).encode("cp1252"))
    with ingested(folder, tmp_path / "read", "tpp") as night:
        assert night.count("prescriptions") == 20
        told = [file.notes for file in night.receipt("srprimarycaremedication").files]
        assert told == [("the text is not UTF-8, and was read as CP1252",)]
    (place / "SRCode.csv").write_bytes(as_csv([code(1, NumericUnit="?")]).encode().replace(b"?", b"\x81"))
    with (
        pytest.raises(InputError, match=r"SRCode\.csv: the text is not CP1252 throughout"),
        ingested(folder, tmp_path / "refused", "tpp"),
    ):
        pass


def test_a_removal_that_cannot_be_told_stops_the_night(tmp_path: Path) -> None:
    codes = [code(n, RemovedData="yes" if n < 6 else 0) for n in range(20)]
    folder = deliver(tmp_path / "in" / FULL, full(SRCode=codes))
    with ingested(folder, tmp_path, "tpp") as night:
        column = next(one for one in night.receipt("srcode").codes if one.column == "RemovedData")
        assert column.decides
        assert column.unknown_values == (("yes", 6),)


def test_identifier_columns_are_refused(tmp_path: Path) -> None:
    people = [patient(n, DateBirth="", FirstName="x") for n in range(20)]
    folder = deliver(tmp_path / "in" / FULL, full(SRPatient=people))
    with (
        pytest.raises(IdentifiableDataError, match="DateBirth, FirstName"),
        ingested(folder, tmp_path, "tpp"),
    ):
        pass


@pytest.mark.parametrize(("name", "moment"), [
    ("20261031_0200/SRCode.csv", "20261031020000"), ("2026-10-31/SRCode.csv", "20261031000000"),
    ("x/SRCode_20261031.csv", "20261031000000"), ("SRExtract_2026-10-31T02.03.04/SRCode.csv", "20261031020304"),
    ("20261031/old/SRCode_20261030_1.csv", "20261030000000"), ("20261399/SRCode.csv", None),
    ("31-10-2026/SRCode.csv", None), ("120261031/SRCode.csv", None), ("SRCode.csv", None),
])  # fmt: skip
def test_the_day_of_a_delivery_stands_in_a_name(name: str, moment: str | None) -> None:
    assert delivery_of(name) == moment
