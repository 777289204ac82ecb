"""CPRD Aurum as tab text in numbered parts, with its dictionaries, linked HES and deaths.

Lost on purpose: registrations before the present one (Aurum gives a new id at a new practice), ethnicity,
attendances at emergency departments, and durations that nobody entered, which are 0 there.
"""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from copd_strat.extracts.synthetic_selects import PERSON, PRESENT, asked, stacked_diagnoses, write_select

_PARTS = 3


def write(tables: dict[str, pa.Table], folder: Path) -> tuple[Path, ...]:
    """Tab-delimited text, dates as dd/mm/yyyy, ids as numbers of up to 16 digits."""
    with asked(tables) as connection:
        stacked = stacked_diagnoses(tables, "hospital_episodes", "episode_id, provider, admission_date")
        connection.execute(f"CREATE TABLE diagnoses AS {stacked}")
        for name, select in _MADE.items():
            connection.execute(f"CREATE TABLE {name} AS {select}")
        written = [
            write_select(connection, f"{select} ORDER BY ALL", folder / f"{name}.txt", delimiter="\t")
            for name, select in _SELECTS.items()
        ]
        for name, select in _IN_PARTS.items():
            for part in range(_PARTS):
                path = folder / f"synthetic_extract_{name}_{part + 1:03d}.txt"
                rows = (
                    f"SELECT * FROM ({select}) WHERE CAST(patid AS BIGINT) % {_PARTS} = {part} ORDER BY ALL"
                )
                written.append(write_select(connection, rows, path, delimiter="\t"))
    return tuple(written)


def _day(column: str) -> str:
    return f"strftime({column}, '%d/%m/%Y')"


def _local_id(code: str) -> str:
    """An id that only CPRD knows, for a code."""
    return f"'5' || CAST(('0x' || substr(md5({code}), 1, 11)) AS BIGINT) || '19'"


_SPELL = "CAST(('0x' || substr(md5(patient_id || provider || admission_date), 1, 11)) AS BIGINT)"

_MADE = {
    "sites": """
        SELECT practice_id, 20000 + row_number() OVER (ORDER BY practice_id) AS pracid FROM organisations""",
    "units": """
        SELECT unit, 300 + row_number() OVER (ORDER BY unit) AS numunitid
        FROM (SELECT DISTINCT unit FROM gp_events WHERE unit IS NOT NULL)""",
}

_SELECTS = {
    "medical_dictionary": f"""
        SELECT DISTINCT {_local_id("code")} AS medcodeid, code AS snomedctconceptid FROM gp_events""",
    "product_dictionary": f"""
        SELECT DISTINCT {_local_id("dmd_code")} AS prodcodeid, dmd_code AS dmdid FROM prescriptions""",
    "numunit": "SELECT numunitid, unit AS description FROM units",
    "synthetic_extract_practice_001": f"""
        SELECT pracid, (SELECT {_day("max(event_date)")} FROM gp_events) AS lcd, '' AS uts, 7 AS region
        FROM sites""",
    "patient_2019_imd": f"""
        SELECT {PERSON} AS patid, pracid, 11 - imd_decile AS imd_10
        FROM ({PRESENT}) JOIN sites USING (practice_id) WHERE imd_decile IS NOT NULL""",
    "hes_episodes": f"""
        SELECT {PERSON} AS patid, {_SPELL} AS spno, episode_id AS epikey,
               {_day("admission_date")} AS admidate,
               {_day("episode_start")} AS epistart, {_day("episode_end")} AS epiend,
               {_day("discharge_date")} AS discharged, episode_order AS eorder, admission_method AS admimeth,
               admission_source AS admisorc, discharge_destination AS disdest, discharge_method AS dismeth,
               patient_class AS classpat
        FROM hospital_episodes WHERE episode_status = '3'""",
    "hes_diagnosis_epi": f"""
        SELECT {PERSON} AS patid, {_SPELL} AS spno, episode_id AS epikey,
               regexp_replace(code, '^(...)([0-9])', '\\1.\\2') AS ICD, '' AS ICDX, place AS d_order
        FROM diagnoses""",
    "death_patient": f"""
        SELECT {PERSON} AS patid, {_day("death_date + 9")} AS dor, {_day("death_date")} AS dod,
               '' AS dod_partial, 1 AS match_rank
        FROM deaths""",
    "local_flags": f"SELECT CAST({PERSON} AS VARCHAR) AS patient_id, flag, flag_date FROM local_flags",
}

_IN_PARTS = {
    "patient": f"""
        SELECT {PERSON} AS patid, pracid, CASE sex WHEN 'male' THEN 1 ELSE 2 END AS gender, birth_year AS yob,
               birth_month AS mob, '' AS emis_ddate, {_day("registration_start")} AS regstartdate,
               {_day("registration_end")} AS regenddate, 1 AS acceptable, {_day("death_date")} AS cprd_ddate
        FROM ({PRESENT}) JOIN sites USING (practice_id)""",
    "observation": f"""
        SELECT {PERSON} AS patid, {_day("event_date")} AS obsdate, {_day("recorded_date")} AS enterdate,
               {_local_id("code")} AS medcodeid, value, numunitid
        FROM gp_events LEFT JOIN units USING (unit)""",
    "drugissue": f"""
        SELECT {PERSON} AS patid, {_day("issue_date")} AS issuedate, {_day("recorded_date")} AS enterdate,
               {_local_id("dmd_code")} AS prodcodeid, quantity,
               CAST(coalesce(duration_days, 0) AS INTEGER) AS duration
        FROM prescriptions""",
}
