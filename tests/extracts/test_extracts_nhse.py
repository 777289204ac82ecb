"""The habits of GDPPR, HES and the register of deaths, one small case each."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from extract_world import Rows, as_csv, broken_rules, ingested

from copd_strat.errors import ContractError, IdentifiableDataError


def journal_row(number: int = 0, **changes: Any) -> dict[str, Any]:
    row = {
        "NHS_NUMBER_DEID": f"D{number % 40:04d}",
        "PRACTICE": "A81001",
        "LSOA": "E01000001",
        "YEAR_OF_BIRTH": 1950,
        "YEAR_MONTH_OF_BIRTH": "1950-03",
        "YEAR_OF_DEATH": "",
        "SEX": "2",
        "ETHNIC": "A",
        "DATE": f"2025-{1 + number // 28 % 12:02d}-{1 + number % 28:02d}",
        "RECORD_DATE": "2025-12-31",
        "CODE": "13645005",
        "SENSITIVE_CODE": 0,
        "EPISODE_CONDITION": "",
        "EPISODE_PRESCRIPTION": "",
        "VALUE1_CONDITION": "",
        "VALUE2_CONDITION": "",
        "VALUE1_PRESCRIPTION": "",
        "VALUE2_PRESCRIPTION": "",
    }
    return row | changes


def journal() -> Rows:
    return [journal_row(number) for number in range(100)]


def episode(number: int = 0, **changes: Any) -> dict[str, Any]:
    row = {
        "FYEAR": "2526",
        "PERSON_ID_DEID": f"D{number % 40:04d}",
        "EPIKEY": f"5000{number:06d}",
        "ADMIDATE": "2025-06-01",
        "EPISTART": "2025-06-01",
        "EPIEND": "2025-06-05",
        "DISDATE": "2025-06-05",
        "ADMIMETH": "21",
        "EPISTAT": "3",
        "EPIORDER": 1,
        "PROCODE3": "RX1",
        "DIAG_4_01": "J440",
    }
    return row | changes


def write(folder: Path, **tables: Rows) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in ({"gdppr": journal()} | tables).items():
        (folder / f"{name}.csv").write_text(as_csv(rows), encoding="utf-8")
    return folder


def test_sensitive_rows_are_counted_and_kept_nowhere(tmp_path: Path) -> None:
    rows = [*journal(), journal_row(1, CODE="86406008", SENSITIVE_CODE=1)]
    with ingested(write(tmp_path / "in", gdppr=rows), tmp_path, "nhse") as night:
        quarantine = night.quarantine("gdppr")
        assert broken_rules(quarantine, "gdppr", "nhse") == {"SENSITIVE_CODE.none_of": 1}
        assert (quarantine[0]["line"], quarantine[0]["CODE"]) == (102, None)
        assert quarantine[0]["NHS_NUMBER_DEID"] is None
        assert night.count("gp_events WHERE code = '86406008'") == 0
        assert night.receipt("gdppr").totals["quarantined"] == 1


def test_a_person_under_two_practices_belongs_to_the_one_that_wrote_last(tmp_path: Path) -> None:
    rows = [*journal(), journal_row(1, PRACTICE="B82002", RECORD_DATE="2026-02-01", ETHNIC="")]
    with ingested(write(tmp_path / "in", gdppr=rows), tmp_path, "nhse") as night:
        found = night.engine.rows(
            "SELECT practice_id, ethnicity, sex, birth_month, registration_start "
            "FROM patients WHERE patient_id = 'D0001'"
        )
        assert found == [("B82002", "A", "female", 3, None)]
        assert night.count("patients") == 40


def test_repeated_deliveries_are_duplicates(tmp_path: Path) -> None:
    rows = [
        row | {"REPORTING_PERIOD_END_DATE": month}
        for month in ("2026-01-31", "2026-02-28")
        for row in journal()
    ]
    with ingested(write(tmp_path / "in", gdppr=rows), tmp_path, "nhse") as night:
        assert night.receipt("gdppr").totals["duplicates"] == 100
        assert night.count("gp_events") == 100


def test_a_missing_date_is_the_date_of_entry_and_local_codes_are_told_apart(tmp_path: Path) -> None:
    rows = [
        *journal(),
        journal_row(2, DATE="", CODE="Y1234"),
        journal_row(3, CODE="1882421000006109"),
        journal_row(4, CODE="42087311000001104", VALUE1_PRESCRIPTION=30, VALUE2_PRESCRIPTION=5),
        journal_row(5, CODE="446660005", VALUE1_CONDITION=18),
    ]
    with ingested(write(tmp_path / "in", gdppr=rows), tmp_path, "nhse") as night:
        rows_of = night.engine.rows("SELECT code, code_system, event_date FROM gp_events")
        events = {code: (system, day) for code, system, day in rows_of}
        assert events["Y1234"] == ("tpp", date(2025, 12, 31))
        assert events["1882421000006109"][0] == "emis"
        assert "42087311000001104" not in events
        issues = dict(night.engine.rows("SELECT dmd_code, quantity FROM prescriptions"))
        assert issues["42087311000001104"] == 30
        assert "446660005" not in issues


def test_a_year_of_death_is_enough_to_be_dead(tmp_path: Path) -> None:
    rows = [row | {"YEAR_OF_DEATH": 2025} if row["NHS_NUMBER_DEID"] == "D0007" else row for row in journal()]
    with ingested(write(tmp_path / "in", gdppr=rows), tmp_path, "nhse") as night:
        dead = night.engine.rows("SELECT patient_id, death_date FROM patients WHERE death_date IS NOT NULL")
        assert dead == [("D0007", date(2025, 12, 31))]


def test_deprivation_comes_from_the_area_table_if_there_is_one(tmp_path: Path) -> None:
    areas = [{"LSOA": "E01000001", "imd_decile": 4}]
    folder = write(tmp_path / "in", lsoa_deprivation=areas)
    with ingested(folder, tmp_path, "nhse") as night:
        assert night.engine.rows("SELECT DISTINCT imd_decile FROM patients") == [(4,)]


def test_full_dates_of_birth_are_refused(tmp_path: Path) -> None:
    rows = [row | {"YEAR_MONTH_OF_BIRTH": f"19{40 + n % 30}-03-1{n % 9}"} for n, row in enumerate(journal())]
    with (
        pytest.raises(IdentifiableDataError, match="YEAR_MONTH_OF_BIRTH holds dates that look like"),
        ingested(write(tmp_path / "in", gdppr=rows), tmp_path, "nhse"),
    ):
        pass


def test_an_episode_in_two_years_files_counts_once_finished(tmp_path: Path) -> None:
    unfinished = episode(3, FYEAR="2425", EPIEND="", DISDATE="", EPISTAT="1")
    folder = write(tmp_path / "in", hes_apc_2425=[unfinished], hes_apc_2526=[episode(n) for n in range(10)])
    with ingested(folder, tmp_path, "nhse") as night:
        assert night.count("hospital_episodes") == 10
        assert night.count("hospital_episodes WHERE episode_status = '3'") == 10
        quarantine = night.quarantine("hes_apc")
        assert [row["file"] for row in quarantine] == ["hes_apc_2425.csv"]


@pytest.mark.parametrize(
    ("written", "expected"),
    [("2025-06-05", True), ("05/06/2025", True), ("20250605", True), ("06/25/2025", False)],
)
def test_dates_come_in_one_of_three_formats(tmp_path: Path, written: str, expected: bool) -> None:
    rows = [
        episode(n, **dict.fromkeys(("ADMIDATE", "EPISTART", "EPIEND", "DISDATE"), written)) for n in range(10)
    ]
    folder = write(tmp_path / "in", hes_apc_2526=rows)
    if not expected:
        with ingested(folder, tmp_path, "nhse") as night:
            assert night.broken("hes_apc", "nhse")["EPISTART.readable"] == len(rows)
        return
    with ingested(folder, tmp_path, "nhse") as night:
        assert night.engine.rows("SELECT DISTINCT episode_start FROM hospital_episodes") == [
            (date(2025, 6, 5),)
        ]


def test_one_column_in_two_date_formats_is_refused(tmp_path: Path) -> None:
    rows = [episode(n, EPIEND="05/06/2025" if n % 7 == 0 else "2025-06-05") for n in range(50)]
    with (
        pytest.raises(ContractError, match=r"hes_apc_2526\.csv: column EPIEND mixes date formats"),
        ingested(write(tmp_path / "in", hes_apc_2526=rows), tmp_path, "nhse"),
    ):
        pass


def test_older_files_name_diagnoses_and_people_otherwise(tmp_path: Path) -> None:
    old = [
        {{"PERSON_ID_DEID": "PSEUDO_HESID", "DIAG_4_01": "DIAG_01"}.get(name, name): value
         for name, value in episode(n).items()}
        for n in range(5)
    ]  # fmt: skip
    short = [episode(n, DIAG_4_01="", DIAG_3_01="J44") for n in range(5, 10)]
    with ingested(write(tmp_path / "in", hes_apc_1011=old, hes_apc_2526=short), tmp_path, "nhse") as night:
        found = night.engine.rows(
            "SELECT diagnosis_01, count(*) FROM hospital_episodes GROUP BY ALL ORDER BY ALL"
        )
        assert found == [("J44", 5), ("J440", 5)]


def test_of_two_registrations_of_a_death_the_earliest_counts(tmp_path: Path) -> None:
    deaths = [
        {"DEC_CONF_NHS_NUMBER_CLEAN_DEID": "D0001", "REG_DATE": registered, "REG_DATE_OF_DEATH": died}
        for registered, died in (("20250310", "20250301"), ("20250201", "20250115"))
    ]
    with ingested(write(tmp_path / "in", deaths=deaths), tmp_path, "nhse") as night:
        assert night.engine.rows("SELECT * FROM deaths") == [("D0001", date(2025, 1, 15))]


def test_hospital_care_alone_can_come_in_this_layout(tmp_path: Path) -> None:
    folder = write(tmp_path / "in", hes_apc_2526=[episode(n) for n in range(10)])
    (folder / "gdppr.csv").rename(tmp_path / "gdppr.csv")
    with ingested(folder, tmp_path, "nhse", care=("secondary",)) as night:
        present = dict(night.engine.rows("SELECT table_name, present FROM source_tables"))
        assert present["hospital_episodes"] is True
        assert present["patients"] is False
