"""The OMOP common data model, version 5.4, as converted extracts usually are.

Lost on purpose: the method of admission (every stay is visit 9201), dates of entry, deprivation, EMIS-local
codes (concept 0) and the practice before a move.
"""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from copd_strat.extracts.synthetic_selects import PERSON, PRESENT, asked, stacked_diagnoses, write_select


def write(tables: dict[str, pa.Table], folder: Path) -> tuple[Path, ...]:
    """CSV for the small tables, Parquet for the large ones; organisations and flags in the native form."""
    with asked(tables) as connection:
        for made, (name, fields) in _DIAGNOSES.items():
            connection.execute(f"CREATE TABLE {made} AS {stacked_diagnoses(tables, name, fields)}")
        connection.execute(f"CREATE TABLE concepts AS {_CONCEPTS}")
        connection.execute(f"CREATE TABLE sites AS {_SITES}")
        written = [
            write_select(connection, select, folder / f"{name}{'.parquet' if name in _LARGE else '.csv'}")
            for name, select in _SELECTS.items()
        ]
    return tuple(written)


_DIAGNOSES = {
    "stay_diagnoses": ("hospital_episodes", "episode_id AS visit, episode_start AS day"),
    "visit_diagnoses": ("ed_attendances", "attendance_id AS visit, arrival_date AS day"),
}

_CONCEPTS = """
    SELECT 4000000 + row_number() OVER (ORDER BY vocabulary_id, concept_code) AS concept_id, *
    FROM (SELECT 'SNOMED' AS vocabulary_id, code AS concept_code FROM gp_events WHERE code_system = 'snomed'
          UNION SELECT 'dm+d', dmd_code FROM prescriptions
          UNION SELECT 'ICD10', code FROM stay_diagnoses
          UNION SELECT 'SNOMED', code FROM visit_diagnoses)"""

_SITES = """
    SELECT 500 + row_number() OVER (ORDER BY practice_id) AS care_site_id, practice_id, practice_name
    FROM organisations"""

_CODED = f"""
    SELECT {PERSON} AS person_id, e.*, coalesce(c.concept_id, 0) AS concept_id, c.concept_id % 2 = 0 AS even
    FROM gp_events e
    LEFT JOIN concepts c
    ON c.vocabulary_id = 'SNOMED' AND e.code_system = 'snomed' AND c.concept_code = e.code"""


def _events(domain: str, day: str, where: str) -> str:
    return f"""
        SELECT person_id, concept_id AS {domain}_concept_id, concept_id AS {domain}_source_concept_id,
               event_date AS {day}, value AS value_as_number, unit AS unit_source_value
        FROM ({_CODED}) WHERE {where} ORDER BY ALL"""


def _visit_conditions(made: str, vocabulary: str) -> str:
    return f"""
        SELECT {PERSON} AS person_id, c.concept_id AS condition_concept_id,
               c.concept_id AS condition_source_concept_id, day AS condition_start_date,
               visit AS visit_occurrence_id,
               CASE WHEN place = 1 THEN 32902 ELSE 32908 END AS condition_status_concept_id
        FROM {made} d JOIN concepts c ON c.vocabulary_id = '{vocabulary}' AND c.concept_code = d.code"""


_LARGE = ("condition_occurrence", "measurement", "observation", "drug_exposure")
_SELECTS = {
    "concept": "SELECT * FROM concepts ORDER BY concept_id",
    "care_site": """
        SELECT care_site_id, practice_name AS care_site_name, practice_id AS care_site_source_value
        FROM sites ORDER BY care_site_id""",
    "person": f"""
        SELECT {PERSON} AS person_id, CASE sex WHEN 'male' THEN 8507 ELSE 8532 END AS gender_concept_id,
               birth_year AS year_of_birth, birth_month AS month_of_birth, 0 AS race_concept_id,
               0 AS ethnicity_concept_id, care_site_id, ethnicity AS race_source_value
        FROM ({PRESENT}) JOIN sites USING (practice_id) ORDER BY ALL""",
    "observation_period": f"""
        SELECT row_number() OVER (ORDER BY patient_id) AS observation_period_id, {PERSON} AS person_id,
               coalesce(registration_start, (SELECT min(event_date) FROM gp_events))
               AS observation_period_start_date,
               coalesce(registration_end, (SELECT max(event_date) FROM gp_events))
               AS observation_period_end_date, 32817 AS period_type_concept_id
        FROM ({PRESENT}) ORDER BY ALL""",
    "visit_occurrence": f"""
        SELECT episode_id AS visit_occurrence_id, {PERSON} AS person_id, 9201 AS visit_concept_id,
               episode_start AS visit_start_date, episode_end AS visit_end_date, 0 AS discharged_to_concept_id
        FROM hospital_episodes
        UNION ALL
        SELECT attendance_id, {PERSON}, 9203, arrival_date, departure_date,
               CASE discharge_destination WHEN '306706006' THEN 8717 ELSE 581476 END
        FROM ed_attendances ORDER BY ALL""",
    "condition_occurrence": f"""
        SELECT person_id, concept_id AS condition_concept_id, concept_id AS condition_source_concept_id,
               event_date AS condition_start_date, CAST(NULL AS VARCHAR) AS visit_occurrence_id,
               CAST(NULL AS INTEGER) AS condition_status_concept_id
        FROM ({_CODED}) WHERE value IS NULL AND even
        UNION ALL {_visit_conditions("stay_diagnoses", "ICD10")}
        UNION ALL {_visit_conditions("visit_diagnoses", "SNOMED")} ORDER BY ALL""",
    "measurement": _events("measurement", "measurement_date", "value IS NOT NULL"),
    "observation": _events("observation", "observation_date", "value IS NULL AND even IS NOT TRUE"),
    "drug_exposure": f"""
        SELECT {PERSON} AS person_id, 0 AS drug_concept_id, c.concept_id AS drug_source_concept_id,
               issue_date AS drug_exposure_start_date, issue_date AS drug_exposure_end_date, quantity,
               duration_days AS days_supply
        FROM prescriptions JOIN concepts c ON c.vocabulary_id = 'dm+d' AND c.concept_code = dmd_code
        ORDER BY ALL""",
    "death": f"SELECT {PERSON} AS person_id, death_date FROM deaths ORDER BY ALL",
    "local_flags": f"""
        SELECT * REPLACE (CAST({PERSON} AS VARCHAR) AS patient_id) FROM local_flags ORDER BY ALL""",
}
