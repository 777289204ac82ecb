"""SystmOne's strategic reporting extract: a full history, and a day later changes that correct and remove rows.

Lost on purpose: ethnicity and deprivation. One patient is for tests. Some events come with a Read code alone, which
the map explains; codes of EMIS are SystmOne's own here, which nothing explains.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from copd_strat.extracts.synthetic_files import write_text
from copd_strat.extracts.synthetic_selects import asked, write_select

_NATIVE = ("hospital_episodes", "ed_attendances", "deaths", "local_flags")


def write(tables: dict[str, pa.Table], folder: Path) -> tuple[Path, ...]:
    """CSV files named by table, in a folder a delivery; hospital data in the native form beside them."""
    last_day = pc.max(tables["gp_events"]["event_date"]).as_py()
    days = {"N": last_day, "Y": last_day + timedelta(days=1)}
    written = []
    with asked(tables) as connection:
        for name, select in _MADE.items():
            connection.execute(f"CREATE TABLE {name} AS {select}")
        for is_delta, selects in (("N", _FULL), ("Y", _DELTA)):
            place = folder / f"{days[is_delta]:%Y%m%d}_0200"
            files = " UNION ALL ".join(
                f"SELECT '{name}' AS FileName, '{is_delta}' AS IsDelta" for name in selects
            )
            written += [
                write_select(connection, f"{select} ORDER BY ALL", place / f"{name}.csv")
                for name, select in {"SRManifest": files, **selects}.items()
            ]
    return (*written, *(write_text(tables[name], folder / f"{name}.csv") for name in _NATIVE))


def _moment(day: str, seconds: str = "0") -> str:
    return f"strftime(CAST({day} AS TIMESTAMP) + to_seconds({seconds}), '%d %b %Y %H:%M:%S')"


# influenza and pneumococcal vaccinations, which have a table of their own
_VACCINES = "('822851000000102', '310578008')"
_MADE = {
    "concepts": """
        SELECT code, CASE code_system WHEN 'emis' THEN 'Y' ELSE 'X' END
               || lpad(CAST(row_number() OVER (ORDER BY code) AS VARCHAR), 4, '0') AS read_code
        FROM (SELECT DISTINCT code, code_system FROM gp_events)""",
    "people": "SELECT patient_id, any_value(sex) AS sex, any_value(birth_year) AS birth_year, "
    "any_value(birth_month) AS birth_month, max(death_date) AS death_date FROM patients GROUP BY patient_id",
    "events": """
        SELECT row_number() OVER (ORDER BY patient_id, event_date, code, value, recorded_date) AS n, *
        FROM gp_events JOIN concepts USING (code)""",
    "issues": """
        SELECT row_number() OVER (ORDER BY patient_id, issue_date, dmd_code, quantity) AS n, *
        FROM prescriptions""",
    "testing": """
        SELECT 'TEST0001' AS patient_id, (SELECT min(practice_id) FROM organisations) AS practice_id,
               (SELECT max(event_date) FROM gp_events) AS day""",
}


def _codes(row: str, day: str, where: str) -> str:
    return f"""
        SELECT {row} AS RowIdentifier, patient_id AS IDPatient, {_moment(day, "n * 97 % 86400")} AS DateEvent,
               {_moment("recorded_date")} AS DateEventRecorded, read_code AS CTV3Code,
               CASE WHEN n % 7 = 3 OR code_system = 'emis' THEN '-1' WHEN n % 7 <> 5 THEN code END AS SNOMEDCode,
               CASE WHEN value IS NULL THEN 'FALSE' ELSE 'TRUE' END AS IsNumeric,
               coalesce(value, 0) AS NumericValue, unit AS NumericUnit, 0 AS RemovedData
        FROM events WHERE code NOT IN {_VACCINES} AND {where}"""


def _issues(quantity: str, where: str) -> str:
    return f"""
        SELECT n AS RowIdentifier, patient_id AS IDPatient, {_moment("issue_date", "n * 89 % 86400")} AS DateEvent,
               {_moment("recorded_date")} AS DateEventRecorded, dmd_code AS IDMultiLexDMD,
               {_moment("issue_date")} AS DateMedicationStart,
               {_moment("issue_date + CAST(duration_days AS INTEGER)")} AS DateMedicationEnd,
               {quantity} || ' tablet' AS MedicationQuantity, 'FALSE' AS IsHospitalMedication, 0 AS RemovedData
        FROM issues WHERE {where}"""


_FULL = {
    "SROrganisation": "SELECT practice_id AS ID, practice_name AS Name, 0 AS RemovedData FROM organisations",
    "SRPatient": """
        SELECT patient_id AS RowIdentifier, birth_year AS YearOfBirth, birth_month AS MonthOfBirth,
               strftime(death_date, '%d %b %Y 00:00') AS DateDeath,
               CASE sex WHEN 'male' THEN 'M' ELSE 'F' END AS Gender, 'FALSE' AS TestPatient, 0 AS RemovedData
        FROM people
        UNION ALL SELECT patient_id, 1950, NULL, NULL, 'F', 'TRUE', 0 FROM testing""",
    "SRPatientRegistration": f"""
        SELECT row_number() OVER (ORDER BY patient_id, registration_start) AS RowIdentifier, patient_id AS IDPatient,
               {_moment("registration_start")} AS DateRegistration,
               {_moment("registration_end")} AS DateDeRegistration, 'GMS' AS RegistrationStatus,
               practice_id AS IDOrganisation, 0 AS RemovedData
        FROM patients
        UNION ALL SELECT 900000001, patient_id, {_moment("day")}, NULL, 'GMS', practice_id, 0 FROM testing""",
    "SRCtv3ToSnomed": """
        SELECT read_code AS Ctv3Code, code AS SnomedCode FROM concepts WHERE read_code LIKE 'X%'""",
    "SRCode": f"""
        {_codes("n", "CASE WHEN n % 50 = 3 THEN event_date - 40 ELSE event_date END", "TRUE")}
        UNION ALL {_codes("800000000 + n", "event_date - 20", "n % 70 = 7")}
        UNION ALL SELECT 900000001, patient_id, {_moment("day")}, {_moment("day")}, 'H3...', '13645005', 'FALSE',
               0, NULL, 0 FROM testing""",
    "SRPrimaryCareMedication": _issues(
        "CAST(CAST(CASE WHEN n % 60 = 4 THEN quantity + 5 ELSE quantity END AS INTEGER) AS VARCHAR)", "TRUE"
    ),
    "SRImmunisation": f"""
        SELECT n AS RowIdentifier, patient_id AS IDPatient, {_moment("event_date", "36000")} AS DateEvent,
               {_moment("recorded_date")} AS DateEventRecorded, read_code AS ImmsReadCode,
               CASE WHEN n % 2 = 0 THEN code END AS ImmsSNOMEDCode, 0 AS RemovedData
        FROM events WHERE code IN {_VACCINES}""",
}
_DELTA = {
    "SRCode": f"""
        {_codes("n", "event_date", "n % 50 = 3")}
        UNION ALL SELECT 800000000 + n, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 1
        FROM events WHERE n % 70 = 7""",
    "SRPrimaryCareMedication": _issues("CAST(CAST(quantity AS INTEGER) AS VARCHAR)", "n % 60 = 4"),
}
