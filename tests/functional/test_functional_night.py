"""The night as a user meets it: what is published adds up, repeats exactly, and says so."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow.parquet as pq
import pytest

from copd_strat.extracts import page_checksums

COUNTS = (
    "moderate_exacerbations_12m",
    "severe_exacerbations_12m",
    "ed_only_exacerbations_12m",
    "exacerbations_12m",
)


def current(site: Any) -> Path:
    pointer = json.loads((site.folder / "output" / "CURRENT.json").read_text())
    return site.folder / "output" / "runs" / pointer["folder"]


@pytest.fixture(scope="module")
def run_folder(published: Any) -> Path:
    return current(published)


@pytest.fixture(scope="module")
def manifest(run_folder: Path) -> dict[str, Any]:
    return json.loads((run_folder / "manifest.json").read_text())


@pytest.fixture(scope="module")
def patients(run_folder: Path) -> pd.DataFrame:
    return pd.read_parquet(run_folder / "analyst" / "patients.parquet")


def test_every_file_s_rows_are_accounted_for(manifest: dict[str, Any], published: Any) -> None:
    listed = {file["name"] for table in manifest["inputs"]["tables"] for file in table["files"]}
    there = {
        path.relative_to(published.extracts).as_posix()
        for path in published.extracts.rglob("*")
        if path.is_file() and path.name != "SYNTHETIC.txt"
    }
    assert listed == there
    for table in manifest["inputs"]["tables"]:
        for file in table["files"]:
            assert file["rows_in"] == file["loaded"] + file["quarantined"] + file["duplicates"]
            assert file["bytes"] > 0


def test_every_simulated_register_patient_has_one_disposition(published: Any, patients: pd.DataFrame) -> None:
    truth = pd.read_csv(published.truth / "patients.csv")
    expected = set(truth.loc[truth["on_register"], "patient_id"])
    assert set(patients["patient_id"]) == expected
    assert patients["patient_id"].is_unique
    assert patients["disposition"].isin(["clinic", "self_management", "clinical_review", "not_listed"]).all()


def test_counts_reconcile_from_register_to_lists_by_practice(
    manifest: dict[str, Any], run_folder: Path, patients: pd.DataFrame
) -> None:
    assert manifest["attrition"][-1]["remaining"] == manifest["register"] == len(patients)
    assert sum(manifest["dispositions"].values()) == manifest["register"]
    for practice, counts in manifest["practices"].items():
        assert counts["register"] == sum(counts["dispositions"].values())
        for disposition in ("clinic", "self_management", "clinical_review"):
            path = run_folder / "direct_care" / practice / f"{practice}_2026-04-10_{disposition}.csv"
            with path.open(encoding="utf-8-sig", newline="") as stream:
                rows = list(csv.DictReader(stream))
            assert len(rows) == counts["dispositions"].get(disposition, 0)
            own = patients[(patients["practice_id"] == practice) & (patients["disposition"] == disposition)]
            assert {row["patient_ref"] for row in rows} == set(own["patient_ref"])


def test_no_list_and_no_message_holds_a_patient_id(run_folder: Path, patients: pd.DataFrame) -> None:
    ids = set(patients["patient_id"])
    for path in [*run_folder.rglob("*.csv"), *run_folder.rglob("*.json"), *run_folder.rglob("*.html")]:
        words = set(re.findall(r"SYN[0-9A-Z]{10}", path.read_text(encoding="utf-8")))
        assert not words & ids, path.name


def test_exacerbation_counts_equal_the_simulated_truth(published: Any, patients: pd.DataFrame) -> None:
    truth = pd.read_csv(published.truth / "patients.csv")
    both = truth[truth["on_register"]].merge(patients, on="patient_id", suffixes=("_true", ""))
    # Null stands for "not observable" on both sides.
    differs = pd.Series(False, index=both.index)
    for count in COUNTS:
        pair = both[[f"{count}_true", count]].astype("float64").fillna(-1)
        differs |= pair.iloc[:, 0] != pair.iloc[:, 1]
    assert differs.mean() <= 0.01
    assert both.loc[differs, "note"].notna().all(), "each difference is explained"


def test_an_answer_without_effect_is_told_and_counted(site: Any) -> None:
    (site.extracts / "decisions.csv").write_text(
        "practice_id,patient_ref,run_id,decision,reason,decided_on\n"
        "A81001,CP-AAAA-AAAA-A,20260401-00000000,declined,,2026-04-01\n"
    )
    done = site.run()
    assert done.returncode == 0, done.stderr
    assert (
        "Warning: decisions: 1 cannot be used (the reference's check character does not fit 1)" in done.stdout
    )
    run = next((site.folder / "output" / "runs").iterdir())
    manifest = json.loads((run / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["decisions"] == {
        "usable": 0, "notes": 0, "refused": {"the reference's check character does not fit": 1},
    }  # fmt: skip
    assert "CP-AAAA" not in done.stdout + done.stderr + json.dumps(manifest)


def test_a_second_run_does_nothing_and_says_so(published: Any, run_folder: Path) -> None:
    again = published.run()
    assert again.returncode == 0
    assert "nothing has changed" in again.stdout
    assert current(published) == run_folder
    assert "because nothing has changed since run" in again.stderr
    assert "writes  nothing" in again.stderr


def test_a_forced_repeat_is_byte_identical(published: Any, run_folder: Path) -> None:
    """From the store of part files: its first run had parsed them."""
    again = published.run("--force", "--json")
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)["status"] == "repeated"
    assert current(published) == run_folder
    assert "files not parsed again" in again.stderr


@pytest.mark.slow
def test_the_store_of_part_files_changes_no_published_byte(small_site: Any) -> None:
    """With it, with an entry of it damaged, and without it."""
    store = small_site.output / "store"
    assert small_site.run().returncode == 0
    (min(store.iterdir()) / "values.parquet").write_bytes(b"")
    damaged = small_site.run("--force", "--json")
    assert json.loads(damaged.stdout)["status"] == "repeated"
    assert "is damaged; the file is parsed anew" in damaged.stderr
    without = small_site.run("--force", "--no-store", "--json")
    assert json.loads(without.stdout)["status"] == "repeated"
    assert not store.exists()


def test_the_log_reads_n_of_m(site: Any) -> None:
    done = site.run("--json")
    assert done.returncode == 0, done.stderr
    steps = re.findall(r"^\S+ +(\d+) of (\d+)  (START|OK)", done.stderr, flags=re.MULTILINE)
    total = int(steps[0][1])
    assert [(int(n), word) for n, _, word in steps] == [
        (n, word) for n in range(1, total + 1) for word in ("START", "OK")
    ]
    summary = json.loads(done.stdout)
    assert summary["register"] == 400
    assert "\x1b" not in done.stderr, "no colours or bars in a log"


def test_a_dry_run_shows_reasons_and_writes_nothing(site: Any) -> None:
    done = site.run("--dry-run")
    assert done.returncode == 0
    assert "because nothing has been published here yet" in done.stderr
    assert not (site.folder / "output").exists()


def test_a_new_reason_is_named(published: Any) -> None:
    done = published.run("--dry-run", as_of="2026-04-11")
    assert re.search(r"because changed since run \S+: run date$", done.stderr, flags=re.MULTILINE)


def test_published_parquet_opens_in_another_engine(run_folder: Path, patients: pd.DataFrame) -> None:
    path = run_folder / "analyst" / "exacerbations.parquet"
    columns = [row[0] for row in duckdb.sql(f"DESCRIBE SELECT * FROM '{path}'").fetchall()]
    assert columns[:5] == ["patient_id", "start_date", "end_date", "severity", "evidence"]
    severe = duckdb.sql(f"SELECT count(*) FROM '{path}' WHERE severity = 'severe'").fetchone()
    assert severe is not None
    assert severe[0] > 0
    stable = {
        "patient_id",
        "practice_id",
        "index_date",
        "severe_observable",
        "disposition",
        "risk_severe_12m",
    }
    assert stable <= set(patients.columns)


def test_files_are_for_owner_and_group_only(run_folder: Path) -> None:
    modes = {path.stat().st_mode & 0o007 for path in run_folder.rglob("*")}
    assert modes == {0}


def test_every_published_parquet_file_has_page_checksums(run_folder: Path) -> None:
    files = sorted(run_folder.rglob("*.parquet"))
    assert len(files) > 10
    for path in files:
        with pq.ParquetFile(path) as file:
            assert not file.metadata.num_rows or page_checksums.has_checksums(path, path.name), path


# Notebook → how many pictures it draws.
NOTEBOOKS = {"last_night": 3, "is_the_model_right_here": 4, "commissioners_view": 3}


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_runs_from_a_fresh_start_and_shows_something_in_every_cell(
    name: str, published: Any
) -> None:
    folder = Path(__file__).parents[2] / "notebooks"
    assert {path.stem for path in folder.glob("*.ipynb")} == set(NOTEBOOKS)
    done = subprocess.run(
        [sys.executable, Path(__file__).with_name("notebook_reader.py"), folder / f"{name}.ipynb"],
        env=os.environ | {"COPD_STRAT_OUTPUT": str(published.output)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    cells = [line.split() for line in done.stdout.splitlines()]
    assert all(int(size) > 0 for _, size in cells)
    pictures = [int(size) for kind, size in cells if kind == "Picture"]
    assert len(pictures) == NOTEBOOKS[name]
    assert min(pictures) > 10, "an empty picture"
