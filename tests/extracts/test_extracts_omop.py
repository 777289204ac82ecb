"""OMOP 5.4: codes through the concept table, visits as stays and attendances, the lost admission method."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from extract_world import as_csv, ingested

from copd_strat.errors import IdentifiableDataError

Rows = list[dict[str, Any]]

COPD, FEV1, SMOKING_EMIS, FAMILY, PREDNISOLONE, RXNORM, J440, LITRE, I500 = range(4001, 4010)
CODES = [
    (COPD, "SNOMED", "13645005"),
    (FEV1, "SNOMED", "50834005"),
    (SMOKING_EMIS, "SNOMED", "1882421000006109"),
    (FAMILY, "SNOMED", "160303001"),
    (PREDNISOLONE, "dm+d", "42087311000001104"),
    (RXNORM, "RxNorm", "312615"),
    (J440, "ICD10", "J44.0"),
    (I500, "ICD10", "I50.0"),
    (LITRE, "UCUM", "L"),
]
PEOPLE = [str(7_000_000_123 + 991 * n) for n in range(12)]
LAST_DAY = "2026-10-31"


def condition(person: str, concept: int, day: str, visit: str = "", status: int = 32908) -> dict[str, Any]:
    return {
        "person_id": person,
        "condition_concept_id": 0 if concept in (J440, I500) else concept,
        "condition_source_concept_id": concept,
        "condition_start_date": day,
        "visit_occurrence_id": visit,
        "condition_status_concept_id": status,
    }


def visit(number: str, person: str, kind: int, first: str, last: str) -> dict[str, Any]:
    return {
        "visit_occurrence_id": number,
        "person_id": person,
        "visit_concept_id": kind,
        "visit_start_date": first,
        "visit_end_date": last,
        "discharged_to_concept_id": 8717 if number == "V2" else 0,
    }


def tables() -> dict[str, Rows]:
    first, second, third, gone = PEOPLE[0], PEOPLE[1], PEOPLE[2], PEOPLE[11]
    return {
        "concept": [
            {"concept_id": number, "concept_name": "x", "vocabulary_id": system, "concept_code": code}
            for number, system, code in CODES
        ],
        "care_site": [
            {"care_site_id": 501, "care_site_name": "North", "care_site_source_value": "A81001"},
            {"care_site_id": 502, "care_site_name": "South", "care_site_source_value": ""},
            {"care_site_id": 900, "care_site_name": "Hospital", "care_site_source_value": "RX1"},
        ],
        "person": [
            {
                "person_id": p,
                "gender_concept_id": 8507 + 25 * (n % 2),
                "year_of_birth": 1950,
                "care_site_id": s,
            }
            for n, (p, s) in enumerate(zip(PEOPLE, [501, 502] * 6, strict=True))
        ],
        "observation_period": [
            {
                "person_id": p,
                "observation_period_start_date": "2015-01-01",
                "observation_period_end_date": "2026-02-01" if p == gone else LAST_DAY,
            }
            for p in PEOPLE
        ],
        "condition_occurrence": [
            *(condition(p, COPD, "2020-01-02") for p in PEOPLE),
            condition(first, J440, "2026-02-02", "V1", 32902),
            condition(first, I500, "2026-02-01", "V1"),
            condition(first, COPD, "2026-02-01", "V2"),
        ],
        "measurement": [
            {
                "person_id": p,
                "measurement_concept_id": FEV1,
                "measurement_source_concept_id": 0,
                "measurement_date": "2026-05-05",
                "value_as_number": 1.4,
                "unit_concept_id": LITRE,
            }
            for p in PEOPLE
        ],
        "observation": [
            {
                "person_id": p,
                "observation_concept_id": concept,
                "observation_source_concept_id": concept,
                "observation_date": "2026-05-06",
                "value_as_concept_id": COPD,
            }
            for p in PEOPLE
            for concept in (SMOKING_EMIS, FAMILY, 0)
        ],
        "drug_exposure": [
            {
                "person_id": p,
                "drug_concept_id": RXNORM,
                "drug_source_concept_id": PREDNISOLONE if n else 0,
                "drug_exposure_start_date": "2026-06-01",
                "drug_exposure_end_date": "2026-06-08",
                "quantity": 30,
                "days_supply": 0,
            }
            for n, p in enumerate(PEOPLE)
        ],
        "visit_occurrence": [
            visit("V1", first, 9201, "2026-02-01", "2026-02-07"),
            visit("V2", first, 9203, "2026-01-31", "2026-02-01"),
            visit("V3", second, 9201, "2026-03-01", "2026-03-02"),
            visit("V4", third, 262, "2026-03-05", "2026-03-09"),
            visit("V5", third, 9202, "2026-04-01", "2026-04-01"),
        ],
        "death": [{"person_id": gone, "death_date": "2026-02-01"}],
    }


def write(folder: Path, **changed: Rows) -> Path:
    folder.mkdir(parents=True)
    for name, rows in (tables() | changed).items():
        (folder / f"{name.upper()}.csv").write_text(as_csv(rows), encoding="utf-8")
    return folder


def test_the_canonical_relations_hold_what_omop_has(tmp_path: Path) -> None:
    with ingested(write(tmp_path / "in"), tmp_path, "omop") as night:
        rows = night.engine.rows
        assert rows("SELECT DISTINCT practice_id FROM patients ORDER BY 1") == [("A81001",), ("S00502",)]
        assert rows("SELECT practice_id, practice_name FROM organisations ORDER BY 1") == [
            ("A81001", "North"),
            ("S00502", "South"),
        ]
        assert rows("SELECT sex, count(*) FROM patients GROUP BY 1 ORDER BY 1") == [
            ("female", 6),
            ("male", 6),
        ]
        assert rows("SELECT registration_end FROM patients WHERE registration_end IS NOT NULL") == [
            (date(2026, 2, 1),)
        ]
        assert rows(
            "SELECT code_system, code, value, unit, count(*) FROM gp_events GROUP BY ALL ORDER BY 2"
        ) == [
            ("omop_unmapped", "0", None, None, 12),
            ("snomed", "13645005", None, None, 12),
            ("snomed", "160303001", None, None, 12),
            ("emis", "1882421000006109", None, None, 12),
            ("snomed", "50834005", 1.4, "L", 12),
        ]
        assert rows("SELECT dmd_code, count(*) FROM prescriptions GROUP BY 1 ORDER BY 2") == [
            ("rxnorm:312615", 1),
            ("42087311000001104", 11),
        ]
        assert rows("SELECT count(duration_days) FROM prescriptions") == [(0,)]
        assert night.count("deaths") == 1


def test_a_stay_is_an_emergency_only_if_an_emergency_visit_says_so(tmp_path: Path) -> None:
    with ingested(write(tmp_path / "in"), tmp_path, "omop") as night:
        assert night.engine.rows(
            "SELECT episode_id, admission_method, diagnosis_01, diagnosis_02 FROM hospital_episodes "
            "ORDER BY 1"
        ) == [("V1", "21", "J44.0", "I50.0"), ("V3", None, None, None), ("V4", "21", None, None)]
        assert night.engine.rows(
            "SELECT attendance_id, discharge_destination, diagnosis_01 FROM ed_attendances"
        ) == [("V2", "306706006", "13645005")]
        assert any("undercounted" in warning for warning in night.ingested.warnings)


def test_without_emergency_visits_stays_are_not_observable(tmp_path: Path) -> None:
    visits = [row for row in tables()["visit_occurrence"] if row["visit_concept_id"] in (9201, 9202)]
    with ingested(write(tmp_path / "in", visit_occurrence=visits), tmp_path, "omop") as night:
        present = dict(night.engine.rows("SELECT * FROM source_tables"))
        assert present["hospital_episodes"] is False
        assert present["ed_attendances"] is False
        assert night.count("hospital_episodes") == 0
        assert any("not observable" in warning for warning in night.ingested.warnings)
        assert not any("undercounted" in warning for warning in night.ingested.warnings)


def test_full_dates_of_birth_must_have_been_left_out(tmp_path: Path) -> None:
    people = [
        row | {"person_id": f"{row['person_id']}{k}", "birth_datetime": f"19{30 + n}-04-{1 + k:02d} 00:00:00"}
        for n, row in enumerate(tables()["person"])
        for k in range(6)
    ]
    with (
        pytest.raises(IdentifiableDataError, match="column birth_datetime holds dates"),
        ingested(write(tmp_path / "in", person=people), tmp_path, "omop"),
    ):
        pass


def test_an_empty_column_for_dates_of_birth_does_no_harm(tmp_path: Path) -> None:
    people = [row | {"birth_datetime": ""} for row in tables()["person"]]
    with ingested(write(tmp_path / "in", person=people), tmp_path, "omop") as night:
        assert night.count("patients") == 12
