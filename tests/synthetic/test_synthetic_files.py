"""What is written: the same bytes for the same seed, labelled, in every kind of file, and kept safe."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from copd_strat.errors import ConfigError, OutputError
from copd_strat.synthetic import SyntheticSettings, World, generate, write_world

TINY = SyntheticSettings(seed=3, practices=3, register=40, others=30)


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not(tmp_path: Path) -> None:
    generate(TINY, tmp_path / "once")
    generate(TINY, tmp_path / "again")
    generate(replace(TINY, seed=4), tmp_path / "other")
    once = contents(tmp_path / "once")
    assert once == contents(tmp_path / "again")
    changed = {name for name, content in contents(tmp_path / "other").items() if content != once[name]}
    assert changed == set(once) - {"native/SYNTHETIC.txt", "truth/SYNTHETIC.txt"}


def test_every_folder_is_labelled_synthetic(tmp_path: Path) -> None:
    report = generate(TINY, tmp_path)
    for folder in (report.extracts, report.truth):
        assert (folder / "SYNTHETIC.txt").read_text(encoding="utf-8").startswith("SYNTHETIC")


def test_every_kind_of_file_is_there_and_holds_what_was_reported(small_world: World, tmp_path: Path) -> None:
    report = write_world(small_world, tmp_path)
    readers = {
        "patients": "read_csv('{}/patients.csv', all_varchar = true)",
        "gp_events": "read_parquet('{}/gp_events/*.parquet')",
        "prescriptions": "read_csv('{}/prescriptions_*.csv.gz', all_varchar = true)",
        "hospital_episodes": "read_csv('{}/hospital_episodes.txt', delim = '\t', all_varchar = true)",
        "ed_attendances": "read_csv('{}/ed_attendances.csv.gz', all_varchar = true)",
    }
    for table, reader in readers.items():
        source = reader.format(report.extracts)
        assert duckdb.sql(f"SELECT count(*) FROM {source}").fetchall()[0][0] == report.rows[table]
        assert duckdb.sql(f"SELECT * FROM {source}").columns == small_world.tables[table].column_names
    assert report.register == small_world.settings.register


def test_diagnoses_come_with_and_without_the_dot(small_world: World, tmp_path: Path) -> None:
    text = (write_world(small_world, tmp_path).extracts / "hospital_episodes.txt").read_text(encoding="utf-8")
    assert "\tJ44.0\t" in text
    assert "\tJ440\t" in text
    assert "\tI10X\t" in text
    assert "\tI10\t" in text


def test_the_nhs_england_layout_holds_the_same_people(small_world: World, tmp_path: Path) -> None:
    folder = write_world(small_world, tmp_path, "nhse").extracts
    journal = duckdb.sql(f"SELECT * FROM '{folder}/gdppr/*.parquet'").df()
    events = small_world.tables["gp_events"].to_pandas().query("code_system == 'snomed'")
    issues = small_world.tables["prescriptions"].num_rows
    assert len(journal) == len(events) + issues
    assert set(journal["NHS_NUMBER_DEID"]) >= set(events["patient_id"])
    moved = journal.groupby("NHS_NUMBER_DEID")["PRACTICE"].nunique()
    assert (moved == 2).sum() > 3, "who moved stands under two practices"
    assert set(journal["REPORTING_PERIOD_END_DATE"].dt.date) == {small_world.settings.end}
    assert journal["YEAR_MONTH_OF_BIRTH"].str.fullmatch(r"[0-9]{4}-[0-9]{2}").all()


def test_hospital_episode_statistics_come_by_financial_year(small_world: World, tmp_path: Path) -> None:
    folder = write_world(small_world, tmp_path, "nhse").extracts
    rows = duckdb.sql(
        f"SELECT * FROM read_csv('{folder}/hes_apc_*.csv', all_varchar = true, filename = true)"
    ).df()
    assert (rows["filename"].str[-8:-4] == rows["FYEAR"]).all()
    repeated = rows[rows.duplicated("EPIKEY", keep=False)].sort_values(["EPIKEY", "FYEAR"])
    assert set(repeated["EPISTAT"].groupby(repeated["EPIKEY"]).agg(list).map(tuple)) == {("1", "3")}
    assert rows["EPIKEY"].nunique() == small_world.tables["hospital_episodes"].num_rows
    lost = rows[rows["ADMIDATE"] == "1801-01-01"]
    assert len(lost) > 0
    assert (lost["EPIORDER"] == "1").all()


def test_synthetic_files_give_way_and_others_are_kept_safe(tmp_path: Path) -> None:
    generate(TINY, tmp_path)
    (tmp_path / "native" / "left_over.csv").write_text("x", encoding="utf-8")
    generate(TINY, tmp_path)
    assert not (tmp_path / "native" / "left_over.csv").exists()
    real = tmp_path / "site" / "native"
    real.mkdir(parents=True)
    (real / "patients.csv").write_text("x", encoding="utf-8")
    with pytest.raises(OutputError, match="not synthetic"):
        generate(TINY, tmp_path / "site")
    assert (real / "patients.csv").read_text(encoding="utf-8") == "x"


@pytest.mark.parametrize("layout", ["native", "nhse"])
def test_a_system_of_one_patient_in_one_practice_can_be_written(layout: str, tmp_path: Path) -> None:
    lonely = SyntheticSettings(seed=9, practices=1, register=1, others=0, years=2, layout=layout)
    assert generate(lonely, tmp_path).register == 1


def test_an_unknown_layout_or_no_practice_is_refused(small_world: World, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="native"):
        write_world(small_world, tmp_path, "excel")
    with pytest.raises(ConfigError, match="0 practices"):
        generate(replace(TINY, practices=0), tmp_path)
