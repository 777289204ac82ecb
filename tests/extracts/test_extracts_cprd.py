"""CPRD Aurum: tab text in numbered parts, codes through dictionaries, linked HES and deaths."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from extract_world import ingested

from copd_strat.clinical.source_dates import source_dates
from copd_strat.config import ClinicalSettings, GuardSettings
from copd_strat.errors import IdentifiableDataError, InputError
from copd_strat.quality.linkage_findings import judge_linkage
from copd_strat.quality.thresholds import judge_thresholds

# Eighteen digits, as CPRD sends them; the last five are the practice.
PATIENTS = [f"{1234567890000 + 37 * n}20031" for n in range(30)]
EMIS_LOCAL = "1882421000006109"
PREDNISOLONE = "3092241000033113"
NONE = [""] * 4

FILES: dict[str, tuple[str, list[list[Any]]]] = {
    "p_Extract_Practice_001": ("pracid lcd uts region", [["20031", "31/10/2026", "", "7"]]),
    "CPRDAurumMedical": (
        "medcodeid term snomedctconceptid snomedctdescriptionid",
        [
            ["302831000006117", "COPD", "13645005", "475427013"],
            ["1882421000006117", "Exacerbations", EMIS_LOCAL, ""],
            ["253391011", "FEV1", "50834005", "83965013"],
        ],
    ),
    "CPRDAurumProduct": (
        "prodcodeid dmdid termfromemis",
        [[PREDNISOLONE, "42087311000001104", "Prednisolone 5mg tablets"]],
    ),
    "NumUnit": ("numunitid Description", [["160", "L"], ["2305", "predicted"]]),
    "death_patient_23_001": (
        "patid dor dod dod_partial match_rank",
        [[PATIENTS[1], "10/03/2026", "", "03/2026", "1"], [PATIENTS[2], "11/03/2026", "09/03/2026", "", "1"]],
    ),
    "patient_2019_imd_23_001": ("patid pracid e2019_imd_10", [[PATIENTS[0], "20031", "10"]]),
    "hes_episodes_23_001": (
        "patid spno epikey admidate epistart epiend discharged eorder admimeth",
        [
            [PATIENTS[0], "77", "601", "01/02/2026", "01/02/2026", "03/02/2026", "09/02/2026", "1", "21"],
            [PATIENTS[0], "77", "602", "01/02/2026", "03/02/2026", "09/02/2026", "09/02/2026", "2", "21"],
        ],
    ),
    "hes_diagnosis_epi_23_001": (
        "patid spno epikey epistart epiend ICD ICDX d_order",
        [
            [PATIENTS[0], "77", "602", "03/02/2026", "09/02/2026", "I50.0", "", "2"],
            [PATIENTS[0], "77", "602", "03/02/2026", "09/02/2026", "J44.0", "", "1"],
        ],
    ),
}


def patient_rows() -> list[list[Any]]:
    return [
        [p, "20031", "", 1 + n % 2, 1950 + n, "", "", "01/04/2010", "3", "", 0 if n == 29 else 1, ""]
        for n, p in enumerate(PATIENTS)
    ]


def may(n: int) -> str:
    return f"{1 + n % 28:02d}/05/2026"


def observation_rows() -> list[list[Any]]:
    codes = [("302831000006117", "", ""), ("1882421000006117", 2, ""), ("253391011", 61, "2305")]
    codes += [("253391011", 1.8, "160"), ("999999000006119", "", "")]
    return [
        [patient, "", "20031", n, "" if k == 4 else may(n), "30/06/2026", "", "", code, value, unit, *NONE]
        for n, patient in enumerate(PATIENTS[:28])
        for k, (code, value, unit) in enumerate(codes)
    ]


def drug_rows() -> list[list[Any]]:
    return [
        [patient, n, "20031", "", "", may(n), "30/06/2026", "", PREDNISOLONE, "", 30, "", 0 if n else 5, ""]
        for n, patient in enumerate(PATIENTS[:28])
    ]


PATIENT_HEADER = (
    "patid pracid usualgpstaffid gender yob mob emis_ddate regstartdate patienttypeid regenddate acceptable "
    "cprd_ddate"
)
OBSERVATION_HEADER = (
    "patid consid pracid obsid obsdate enterdate staffid parentobsid medcodeid value numunitid obstypeid "
    "numrangelow numrangehigh probobsid"
)
DRUG_HEADER = (
    "patid issueid pracid probobsid drugrecid issuedate enterdate staffid prodcodeid dosageid quantity "
    "quantunitid duration estnhscost"
)


def write(folder: Path, name: str, header: str, rows: list[list[Any]]) -> None:
    lines = ["\t".join(header.split()), *("\t".join(map(str, row)) for row in rows)]
    (folder / f"{name}.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    there = tmp_path / "cprd"
    there.mkdir()
    for name, (header, rows) in FILES.items():
        write(there, name, header, rows)
    write(there, "p_Extract_Patient_001", PATIENT_HEADER, patient_rows())
    write(there, "p_Extract_DrugIssue_001", DRUG_HEADER, drug_rows())
    for part in range(2):
        write(there, f"p_Extract_Observation_{part + 1:03d}", OBSERVATION_HEADER, observation_rows()[part::2])
    return there


def test_the_canonical_relations_hold_what_cprd_sends(folder: Path, tmp_path: Path) -> None:
    with ingested(folder, tmp_path / "out", "cprd_aurum") as night:
        rows = night.engine.rows
        assert {file.name for receipt in night.ingested.tables for file in receipt.files} == {
            path.name for path in folder.iterdir()
        }
        assert rows(f"SELECT * FROM patients WHERE patient_id = '{PATIENTS[0]}'") == [
            (PATIENTS[0], "P20031", "male", 1950, None, None, 1, date(2010, 4, 1), None, None)
        ]
        assert rows("SELECT code_system, code, count(*) FROM gp_events GROUP BY ALL ORDER BY ALL") == [
            ("cprd_medcodeid", "999999000006119", 28),
            ("emis", EMIS_LOCAL, 28),
            ("snomed", "13645005", 28),
            ("snomed", "50834005", 56),
        ]
        assert rows("SELECT DISTINCT unit FROM gp_events WHERE value > 2 ORDER BY 1") == [("% predicted",)]
        assert rows("SELECT DISTINCT event_date FROM gp_events WHERE code_system = 'cprd_medcodeid'") == [
            (date(2026, 6, 30),)
        ]
        assert rows(
            "SELECT dmd_code, duration_days, count(*) FROM prescriptions GROUP BY ALL ORDER BY 2"
        ) == [
            ("42087311000001104", 5.0, 1),
            ("42087311000001104", None, 27),
        ]
        assert rows(
            "SELECT episode_id, provider, episode_status, diagnosis_01, diagnosis_02 "
            "FROM hospital_episodes ORDER BY 1"
        ) == [("601", "77", "3", None, None), ("602", "77", "3", "J44.0", "I50.0")]
        assert rows("SELECT practice_id, practice_name FROM organisations") == [("P20031", None)]
        assert rows("SELECT death_date FROM deaths ORDER BY 1") == [(date(2026, 3, 9),), (date(2026, 3, 10),)]
        assert dict(rows("SELECT * FROM source_tables"))["ed_attendances"] is False
        assert any("attendances" in warning for warning in night.ingested.warnings)


@pytest.mark.parametrize("accepted", [29, 15, 1])
def test_records_that_cprd_does_not_accept_are_left_out_and_no_breach(
    folder: Path, tmp_path: Path, accepted: int
) -> None:
    rows = [[*row[:10], int(n < accepted), row[11]] for n, row in enumerate(patient_rows())]
    write(folder, "p_Extract_Patient_001", PATIENT_HEADER, rows)
    with ingested(folder, tmp_path / "out", "cprd_aurum") as night:
        assert night.count("patients") == accepted
        assert night.ingested.left_out == 30 - accepted
        assert night.quarantine("patient") == []
        assert night.count("gp_events") == 5 * min(accepted, 28)
        judged = judge_thresholds((receipt, receipt.contract) for receipt in night.ingested.tables)
        assert not judged.failures
        assert not [
            found
            for found in judge_linkage(night.ingested.linkages, {}, GuardSettings())
            if found.weight == "stop"
        ]


@pytest.mark.parametrize("nesting", ["deep/{}/", "{}/parts/", "Aurum_2026/"])
def test_cprd_files_lie_in_folders_of_any_depth(folder: Path, tmp_path: Path, nesting: str) -> None:
    nested, paths = tmp_path / "nested", sorted(folder.iterdir())
    for path in paths:
        table = path.stem.rsplit("_", 1)[0].lower().removeprefix("p_extract_")
        target = nested / nesting.format(table) / path.name
        target.parent.mkdir(parents=True, exist_ok=True)
        path.rename(target)
    with ingested(nested, tmp_path / "out", "cprd_aurum") as night:
        assert len([file for receipt in night.ingested.tables for file in receipt.files]) == len(paths)
        assert night.count("gp_events") == 140


def test_codes_mean_nothing_without_the_dictionary(folder: Path, tmp_path: Path) -> None:
    (folder / "CPRDAurumMedical.txt").unlink()
    with (
        pytest.raises(InputError, match="no file for table medical_dictionary"),
        ingested(folder, tmp_path / "out", "cprd_aurum"),
    ):
        pass


def test_a_full_date_of_birth_is_refused(folder: Path, tmp_path: Path) -> None:
    write(
        folder,
        "p_Extract_Patient_001",
        PATIENT_HEADER + " dob",
        [[*row, "01/01/1950"] for row in patient_rows()],
    )
    with (
        pytest.raises(IdentifiableDataError, match="column dob"),
        ingested(folder, tmp_path / "out", "cprd_aurum"),
    ):
        pass


def test_the_primary_diagnosis_of_a_spell_stands_in_where_its_first_episode_has_none(
    folder: Path, tmp_path: Path
) -> None:
    header = "patid spno admidate discharged ICD_PRIMARY ICDX"
    stay = [PATIENTS[0], "77", "01/02/2026", "09/02/2026"]
    write(folder, "hes_primary_diag_hosp_23_001", header, [[*stay, "J44.1", ""]])
    with ingested(folder, tmp_path / "out", "cprd_aurum") as night:
        found = "SELECT episode_id, diagnosis_01 FROM hospital_episodes ORDER BY 1"
        assert night.engine.rows(found) == [("601", "J44.1"), ("602", "J44.0")]


def test_the_status_of_an_episode_is_used_where_it_is_sent(folder: Path, tmp_path: Path) -> None:
    header, rows = FILES["hes_episodes_23_001"]
    statuses = ("1", "3.0")
    sent = [[*row, status] for row, status in zip(rows, statuses, strict=True)]
    write(folder, "hes_episodes_23_001", f"{header} epistat", sent)
    with ingested(folder, tmp_path / "out", "cprd_aurum") as night:
        found = "SELECT episode_id, episode_status FROM hospital_episodes ORDER BY 1"
        assert night.engine.rows(found) == [("601", "1"), ("602", "3")]


@pytest.mark.parametrize(
    ("days", "complete_to"),
    [
        (["31/10/2026"], date(2026, 10, 31)),
        (["31/10/2026", "30/09/2026"], date(2026, 9, 30)),
        (["31/10/2026", "01/03/2019"], date(2026, 10, 31)),
    ],
)
def test_practices_say_how_far_the_records_go(
    folder: Path, tmp_path: Path, days: list[str], complete_to: date
) -> None:
    rows = [[20031 + n, day, "", "7"] for n, day in enumerate(days)]
    write(folder, "p_Extract_Practice_001", "pracid lcd uts region", rows)
    with ingested(folder, tmp_path / "out", "cprd_aurum") as night:
        told, sources = source_dates(night.engine, ClinicalSettings(), date(2026, 11, 23))
        assert (told, sources["gp_events"].method) == (complete_to, "told by the source")
        site = ClinicalSettings(gp_complete_to=date(2026, 8, 31))
        assert source_dates(night.engine, site, date(2026, 11, 23))[0] == date(2026, 8, 31)
