"""The EMIS bulk extract: a first delivery and a day's changes; hospital care beside it in the native form.

Lost on purpose: registrations before the present one, ethnicity and deprivation. One event in 50 stands in
the first delivery under a wrong date, one in 70 is there under a second id: the changes fix and delete them.
"""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from copd_strat.extracts.synthetic_files import write_text
from copd_strat.extracts.synthetic_selects import PRESENT, asked, write_select

_NATIVE = ("hospital_episodes", "ed_attendances", "deaths", "local_flags")


def write(tables: dict[str, pa.Table], folder: Path) -> tuple[Path, ...]:
    """CSV files named by delivery and table, as EMIS names them."""
    with asked(tables) as connection:
        for name, select in _MADE.items():
            connection.execute(f"CREATE TABLE {name} AS {select}")
        written = [
            write_select(connection, f"{select} ORDER BY ALL", folder / f"{name}_20261031.csv")
            for name, select in _SELECTS.items()
        ]
    return (*written, *(write_text(tables[name], folder / f"{name}.csv") for name in _NATIVE))


_MADE = {
    "practices": """
        SELECT practice_id, practice_name, '{' || upper(substr(md5(practice_id), 1, 8)) || '}' AS organisation
        FROM organisations""",
    "present": f"SELECT * FROM ({PRESENT}) JOIN practices USING (practice_id)",
    "clinical": """
        SELECT 7000 + row_number() OVER (ORDER BY code) AS code_id, code
        FROM (SELECT DISTINCT code FROM gp_events)""",
    "drugs": """
        SELECT 9000 + row_number() OVER (ORDER BY dmd_code) AS code_id, dmd_code
        FROM (SELECT DISTINCT dmd_code FROM prescriptions)""",
    "events": """
        SELECT row_number() OVER (ORDER BY patient_id, event_date, code, value, recorded_date) AS n, *
        FROM gp_events JOIN clinical USING (code) JOIN present USING (patient_id)""",
    "issues": """
        SELECT row_number() OVER (ORDER BY patient_id, issue_date, dmd_code, quantity) AS n, *
        FROM prescriptions JOIN drugs USING (dmd_code) JOIN present USING (patient_id)""",
}


def _observations(guid: str, day: str, where: str, processing: int) -> str:
    return f"""
        SELECT '{{{guid}' || n || '}}' AS ObservationGuid, organisation AS OrganisationGuid,
               patient_id AS PatientGuid, {day} AS EffectiveDate, 'YMD' AS EffectiveDatePrecision,
               recorded_date AS EnteredDate, code_id AS CodeId, value AS Value, unit AS NumericUnit,
               'false' AS IsConfidential, 'false' AS Deleted, {processing} + n AS ProcessingId
        FROM events WHERE {where}"""


_SELECTS = {
    "50001_Admin_Organisation": """
        SELECT organisation AS OrganisationGuid, practice_id AS ODSCode, practice_name AS OrganisationName,
               1 AS ProcessingId
        FROM practices""",
    "50001_Admin_Patient": """
        SELECT patient_id AS PatientGuid, organisation AS OrganisationGuid,
               CASE sex WHEN 'male' THEN 'M' ELSE 'F' END AS Sex, birth_year AS YearOfBirth,
               birth_month AS MonthOfBirth, registration_start AS DateOfRegistration,
               registration_end AS DateofDeactivation, death_date AS DateOfDeath,
               'Regular' AS PatientTypeDescription, 'false' AS DummyType, 'false' AS SpineSensitive,
               'false' AS Deleted, 10 AS ProcessingId
        FROM present""",
    "50001_Coding_ClinicalCode": """
        SELECT code_id AS CodeId, code AS SnomedCTConceptId, CAST(NULL AS VARCHAR) AS ReadTermId,
               1 AS ProcessingId
        FROM clinical""",
    "50001_Coding_DrugCode": """
        SELECT code_id AS CodeId, dmd_code AS DmdProductCodeId, 1 AS ProcessingId FROM drugs""",
    "50001_CareRecord_Observation": _observations(
        "B", "CASE WHEN n % 50 = 3 THEN event_date - 40 ELSE event_date END", "TRUE", 1000
    )
    + " UNION ALL "
    + _observations("X", "event_date - 20", "n % 70 = 7", 1000),
    "50002_CareRecord_Observation": _observations("B", "event_date", "n % 50 = 3", 9_000_000)
    + """ UNION ALL
        SELECT '{X' || n || '}', organisation, NULL, NULL, 'YMD', NULL, NULL, NULL, NULL, 'false', 'true',
               9000000 + n
        FROM events WHERE n % 70 = 7""",
    "50001_Prescribing_IssueRecord": """
        SELECT '{I' || n || '}' AS IssueRecordGuid, organisation AS OrganisationGuid,
               patient_id AS PatientGuid, issue_date AS EffectiveDate, 'YMD' AS EffectiveDatePrecision,
               recorded_date AS EnteredDate,
               code_id AS CodeId, quantity AS Quantity, duration_days AS CourseDurationInDays,
               'false' AS Deleted, 1000 + n AS ProcessingId
        FROM issues""",
}
