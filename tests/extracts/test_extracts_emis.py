"""EMIS: daily changes in order, sensitive patients kept nowhere, search reports below their title block."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from extract_world import Rows, as_csv, broken_rules, ingested

from copd_strat.errors import IdentifiableDataError, InputError

ORG = "{0F1A}"


def patient(number: int, **changes: Any) -> dict[str, Any]:
    row = {
        "PatientGuid": f"{{P{number:03d}}}",
        "OrganisationGuid": ORG,
        "Sex": "F",
        "YearOfBirth": 1950,
        "DateOfRegistration": "2015-04-01",
        "DateofDeactivation": "",
        "DateOfDeath": "",
        "PatientTypeDescription": "Regular",
        "DummyType": "false",
        "SpineSensitive": "false",
        "Deleted": "false",
        "ProcessingId": number,
    }
    return row | changes


def observation(number: int, **changes: Any) -> dict[str, Any]:
    row = {
        "ObservationGuid": f"{{B{number:03d}}}",
        "OrganisationGuid": ORG,
        "PatientGuid": f"{{P{number % 20:03d}}}",
        "EffectiveDate": "2025-03-04",
        "EffectiveDatePrecision": "YMD",
        "EnteredDate": "2025-03-05",
        "CodeId": "11",
        "Value": "",
        "NumericUnit": "",
        "IsConfidential": "false",
        "Deleted": "false",
        "ProcessingId": 1000 + number,
    }
    return row | changes


def bulk() -> dict[str, Rows]:
    return {
        "Admin_Organisation": [
            {"OrganisationGuid": ORG, "ODSCode": "A81001", "OrganisationName": "One", "ProcessingId": 1}
        ],
        "Admin_Patient": [patient(n) for n in range(20)],
        "Coding_ClinicalCode": [
            {"CodeId": "11", "SnomedCTConceptId": "13645005", "ReadTermId": "H3", "ProcessingId": 1},
            {"CodeId": "12", "SnomedCTConceptId": "1882421000006109", "ReadTermId": "", "ProcessingId": 2},
        ],
        "Coding_DrugCode": [{"CodeId": "91", "DmdProductCodeId": "42087311000001104", "ProcessingId": 1}],
        "CareRecord_Observation": [observation(n) for n in range(20)],
        "Prescribing_IssueRecord": [
            {
                "IssueRecordGuid": "{I001}",
                "OrganisationGuid": ORG,
                "PatientGuid": "{P001}",
                "EffectiveDate": "2025-03-04",
                "EffectiveDatePrecision": "YMD",
                "EnteredDate": "2025-03-05",
                "CodeId": "91",
                "Quantity": 30,
                "CourseDurationInDays": 5,
                "Deleted": "false",
                "ProcessingId": 7,
            }
        ],
    }


def write(folder: Path, tables: dict[str, Rows]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in tables.items():
        (folder / f"50001_{name}_20260101.csv").write_text(as_csv(rows), encoding="utf-8")
    return folder


def test_codes_and_medicines_come_through_the_code_tables(tmp_path: Path) -> None:
    tables = bulk()
    tables["CareRecord_Observation"].append(observation(20, CodeId="12", EffectiveDate="", Value="1"))
    with ingested(write(tmp_path / "in", tables), tmp_path, "emis") as night:
        assert night.count("patients WHERE practice_id = 'A81001' AND sex = 'female'") == 20
        assert night.count("gp_events WHERE code = '13645005' AND code_system = 'snomed'") == 20
        local = night.engine.rows("SELECT event_date, value FROM gp_events WHERE code_system = 'emis'")
        assert local == [(date(2025, 3, 5), 1.0)]
        issue = night.engine.rows("SELECT dmd_code, quantity, duration_days FROM prescriptions")
        assert issue == [("42087311000001104", 30.0, 5.0)]
        assert night.engine.rows("SELECT practice_id, practice_name FROM organisations") == [
            ("A81001", "One")
        ]


def test_the_version_to_be_processed_last_counts_and_may_delete(tmp_path: Path) -> None:
    folder = write(tmp_path / "in", bulk())
    changes = [
        observation(1, EffectiveDate="2025-06-01", ProcessingId=2001),
        observation(1, EffectiveDate="2025-05-01", ProcessingId=2000),
        observation(2, Deleted="true", ProcessingId=2002, PatientGuid="", CodeId="", EffectiveDate=""),
        observation(3, IsConfidential="true", ProcessingId=2003),
        observation(4, ProcessingId=2004, OrganisationGuid="{0F1B}"),
    ]
    (folder / "50002_CareRecord_Observation_20260102.csv").write_text(as_csv(changes), encoding="utf-8")
    with ingested(folder, tmp_path, "emis") as night:
        events = "SELECT patient_id, event_date FROM gp_events ORDER BY ALL"
        found = night.engine.rows(events)
        assert ("{P001}", date(2025, 6, 1)) in found
        assert not {"{P002}", "{P003}"} & {patient for patient, _ in found}
        assert sum(patient == "{P004}" for patient, _ in found) == 2, (
            "ids are unique in one organisation only"
        )
        assert len(found) == 19
        assert night.receipt("carerecord_observation").totals["loaded"] == 25


@pytest.mark.parametrize("change", [
    {"DummyType": "true"}, {"SpineSensitive": "1"}, {"Deleted": "true"}, {"PatientTypeDescription": "Private"}
])  # fmt: skip
def test_records_of_patients_who_must_not_be_there_are_kept_nowhere(
    tmp_path: Path, change: dict[str, str]
) -> None:
    tables = bulk()
    tables["Admin_Patient"][5] = patient(5, **change)
    with ingested(write(tmp_path / "in", tables), tmp_path, "emis") as night:
        assert night.count("patients WHERE patient_id = '{P005}'") == 0
        assert night.count("gp_events WHERE patient_id = '{P005}'") == 0
        quarantine = night.quarantine("carerecord_observation")
        assert broken_rules(quarantine, "carerecord_observation", "emis") == {
            "PatientGuid.patient_left_out": 1
        }
        assert quarantine[0]["PatientGuid"] is None


def test_identifier_columns_of_the_specification_are_refused(tmp_path: Path) -> None:
    tables = bulk()
    tables["Admin_Patient"] = [row | {"Surname": "x", "DateOfBirth": ""} for row in tables["Admin_Patient"]]
    with (
        pytest.raises(IdentifiableDataError, match="column DateOfBirth, Surname is named like"),
        ingested(write(tmp_path / "in", tables), tmp_path, "emis"),
    ):
        pass


def report(folder: Path, name: str, rows: Rows, title: str = "") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.csv").write_text(title + as_csv(rows), encoding="utf-8")


TITLE = 'COPD search,,\n"Run on 05-Jan-2026, all patients",,\n\nTotal: 20,,\n'


def reports(folder: Path) -> Path:
    people = [
        {"PatientID": f"R{n:03d}", "Age": 70, "GenderCode": "M", "Ethnicity": "A", "PracticeCode": "A81001"}
        for n in range(20)
    ]
    events = [
        {
            "PatientID": f"R{n % 20:03d}",
            "Code": "13645005",
            "EffectiveDate": f"{1 + n % 28:02d}-Jan-2025",
            "Value": "",
        }
        for n in range(60)
    ]
    events[7] |= {"EffectiveDate": "31-Feb-2025"}
    issues = [
        {
            "PatientID": "R001",
            "DrugCode": "42087311000001104",
            "DrugName": "p",
            "IssueDate": "03-Jan-2025",
            "Quantity": 30,
        }
    ]
    conditions = [{"PatientID": "R002", "ConditionCode": "38341003", "OnsetDate": "03-Jan-2015"}]
    report(folder, "patients", people, TITLE)
    report(folder, "observations", events, TITLE)
    report(folder, "medications", issues, TITLE)
    report(folder, "conditions", conditions)
    return folder


def test_search_reports_are_read_below_their_title_block(tmp_path: Path) -> None:
    with ingested(reports(tmp_path / "in"), tmp_path, "emis") as night:
        assert night.engine.rows("SELECT DISTINCT birth_year, sex FROM patients") == [(1956, "male")]
        assert night.count("gp_events") == 60
        assert night.count("gp_events WHERE code = '38341003' AND event_date = DATE '2015-01-03'") == 1
        assert night.count("prescriptions WHERE quantity = 30") == 1
        bad = night.quarantine("report_events")
        assert [(row["line"], row["EffectiveDate"]) for row in bad] == [(13, "31-Feb-2025")]


def test_a_report_with_nhs_numbers_is_refused(tmp_path: Path) -> None:
    folder = reports(tmp_path / "in")
    text = (
        (folder / "patients.csv").read_text(encoding="utf-8").replace("PatientID,Age", "PatientID,NHSNumber")
    )
    (folder / "patients.csv").write_text(text, encoding="utf-8")
    with pytest.raises(IdentifiableDataError, match="NHSNumber"), ingested(folder, tmp_path, "emis"):
        pass


def test_records_without_any_table_of_patients_are_refused(tmp_path: Path) -> None:
    folder = reports(tmp_path / "in")
    (folder / "patients.csv").unlink()
    with (
        pytest.raises(InputError, match="no table that patients can be made from"),
        ingested(folder, tmp_path, "emis"),
    ):
        pass


def test_rows_whose_code_the_dictionary_lacks_are_counted(tmp_path: Path) -> None:
    tables = bulk()
    tables["CareRecord_Observation"] += [observation(n, CodeId="no such") for n in range(30, 33)]
    tables["Coding_ClinicalCode"].append(
        {"CodeId": "13", "SnomedCTConceptId": "", "ReadTermId": "", "ProcessingId": 3}
    )
    tables["CareRecord_Observation"].append(observation(40, CodeId="13"))  # held, though without a concept
    with ingested(write(tmp_path / "in", tables), tmp_path, "emis") as night:
        told = {lookup.table: (lookup.missing, lookup.rows) for lookup in night.ingested.lookups}
    assert told == {"carerecord_observation": (3, 24), "prescribing_issuerecord": (0, 1)}
