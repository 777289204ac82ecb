"""When a night cannot be published: the old run stays, the exit code says why, no value is told."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import duckdb
import pytest

from copd_strat.publish import RunFolder, verify

CANARY = "CANARY77XYZ"


def edit(site: Any, old: str, new: str) -> None:
    text = site.config.read_text(encoding="utf-8")
    assert old in text
    site.config.write_text(text.replace(old, new), encoding="utf-8")


def patients_file(site: Any) -> Path:
    return site.extracts / "patients.csv"


def keep_rows(site: Any, condition: str) -> None:
    """Keep the rows of every GP table that meet ``condition`` (over patient_id, day and n, a row number)."""
    days = {"gp_events": "event_date", "prescriptions": "issue_date", "patients": "DATE '2026-01-01'"}
    for path in sorted(site.extracts.rglob("*")):
        table = next((name for name in days if name in path.as_posix()), None)
        if table is None or not path.is_file():
            continue
        parquet = path.suffix == ".parquet"
        reader = "read_parquet" if parquet else "read_csv"
        options = "" if parquet else ", all_varchar = true"
        rows = f"SELECT *, row_number() OVER () AS n, CAST({days[table]} AS DATE) AS day"
        kept = f"SELECT * EXCLUDE (n, day) FROM ({rows} FROM {reader}('{path}'{options})) WHERE {condition}"
        draft = path.with_name(f"draft_{path.name}")
        duckdb.sql(f"COPY ({kept}) TO '{draft}' {'(FORMAT parquet)' if parquet else '(HEADER)'}")
        draft.replace(path)


def people_of_one_practice(site: Any) -> str:
    return (
        f"(SELECT patient_id FROM read_csv('{patients_file(site)}', all_varchar = true) WHERE practice_id ="
        f" (SELECT min(practice_id) FROM read_csv('{patients_file(site)}', all_varchar = true)))"
    )


MOVED = {
    "halved": lambda site: "day < DATE '2026-01-01' AND n % 2 = 0 OR day = DATE '2026-01-01'",
    "a month missing": lambda site: "day NOT BETWEEN DATE '2025-06-01' AND DATE '2025-06-30'",
    "a practice missing": lambda site: f"patient_id NOT IN {people_of_one_practice(site)}",
}


def remove_patients(site: Any) -> None:
    patients_file(site).unlink()


def add_nhs_column(site: Any) -> None:
    lines = patients_file(site).read_text(encoding="utf-8").splitlines()
    marked = [lines[0] + ",NHSNumber", *(line + "," + CANARY for line in lines[1:])]
    patients_file(site).write_text("\n".join(marked) + "\n", encoding="utf-8")


def break_dates(site: Any) -> None:
    lines = (site.extracts / "deaths.csv").read_text(encoding="utf-8").splitlines()
    marked = [lines[0], *(line.split(",")[0] + "," + CANARY for line in lines[1:])]
    (site.extracts / "deaths.csv").write_text("\n".join(marked) + "\n", encoding="utf-8")


def block_output(site: Any) -> None:
    (site.folder / "output").write_text("a file where the folder should be")


STOPS = {
    "unknown key": (10, lambda s: edit(s, "care_setting", "care_seting"), "did you mean 'care_setting'"),
    "no care setting": (10, lambda s: edit(s, "primary_care", "anywhere"), "risk.care_setting"),
    "unknown policy": (10, lambda s: edit(s, "risk:", "pathways: {policy: nosuch}\nrisk:"), "nosuch"),
    "no extracts": (11, lambda s: edit(s, "path: extracts", "path: nowhere"), "no such folder"),
    "table missing": (11, remove_patients, "no file for table patients"),
    "contract broken": (12, break_dates, "DEA"),
    "identifier": (16, add_nhs_column, "NHSNumber"),
    "output blocked": (18, block_output, "cannot be written"),
    "approval expired": (19, lambda s: edit(s, "2099-12-31", "2026-04-09"), "expired on 2026-04-09"),
}


@pytest.mark.parametrize("case", STOPS)
def test_a_night_that_cannot_be_published_says_why(site: Any, case: str) -> None:
    code, spoil, said = STOPS[case]
    spoil(site)
    done = site.run()
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert "Fix:" in done.stderr
    assert "Traceback" not in done.stderr
    assert CANARY not in done.stderr + done.stdout
    assert not (site.folder / "output" / "CURRENT.json").exists()


def test_a_missing_reference_key_is_named(site: Any) -> None:
    done = site.call("run", "--config", str(site.config), COPD_STRAT_REFERENCE_KEY="")
    assert done.returncode == 10
    assert "reference key" in done.stderr


def test_a_running_night_locks_the_output(site: Any) -> None:
    (site.folder / "output").mkdir()
    with (site.folder / "output" / ".lock").open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert site.run().returncode == 17


def test_extracts_that_moved_too_far_leave_the_old_run_in_place(site: Any, people: Path) -> None:
    assert site.run().returncode == 0
    before = RunFolder(site.folder / "output").current()
    assert before is not None
    stale = site.run(as_of="2026-07-10")
    assert stale.returncode == 13, stale.stderr
    for name, condition in MOVED.items():
        shutil.rmtree(site.extracts)
        shutil.copytree(people / "native", site.extracts)
        frozen = site.folder / "people.csv"
        shutil.copy(patients_file(site), frozen)
        keep_rows(site, condition(site).replace(str(patients_file(site)), str(frozen)))
        moved = site.run(as_of="2026-04-11")
        assert moved.returncode == 13, f"{name}: {moved.stderr}"
        assert "Fix:" in moved.stderr
        after = RunFolder(site.folder / "output").current()
        assert after is not None
        assert after.path == before.path
        assert verify(after.path) == ()


def test_a_bug_gives_code_70_and_no_value(site: Any) -> None:
    broken = (
        "import copd_strat.clinical as c\n"
        f"def build(*a, **k): raise ValueError('{CANARY}')\n"
        "c.build = build\n"
        "from copd_strat.cli import main; main()"
    )
    command = site.command("run", "--config", str(site.config), "--as-of", "2026-04-10")
    command[2] = broken
    key = {"COPD_STRAT_REFERENCE_KEY": "a key for tests with synthetic people 0123456789"}
    done = subprocess.run(command, env=os.environ | key, capture_output=True, text=True, check=False)
    assert done.returncode == 70, done.stderr
    assert CANARY not in done.stderr
    assert "internal error (ValueError)" in done.stderr


@pytest.mark.parametrize(
    "step", ["extracts and contracts", "clinical facts", "lists", "summary and report", "publish"]
)
def test_a_killed_night_leaves_the_old_run_whole(site: Any, step: str) -> None:
    output = site.folder / "output"
    seed = output / "runs" / "old"
    seed.mkdir(parents=True)
    old = {"run_id": "old", "as_of": "2026-04-01", "key": "k", "parts": {}, "published_order": 1}
    manifest = old | {"files": {}, "previous": None, "guard": None, "dispositions": {}, "register": 0}
    (seed / "manifest.json").write_text(json.dumps(manifest))
    (output / "CURRENT.json").write_text(json.dumps({"run_id": "old", "folder": "old"}))
    command = site.command("run", "--config", str(site.config), "--as-of", "2026-04-10", "--force")
    key = {"COPD_STRAT_REFERENCE_KEY": "a key for tests with synthetic people 0123456789"}
    with subprocess.Popen(command, env=os.environ | key, stderr=subprocess.PIPE, text=True) as night:
        assert night.stderr is not None
        for line in night.stderr:
            if "START" in line and step in line:
                time.sleep(0.05)
                night.send_signal(signal.SIGKILL)
                break
        night.wait(60)
    current = RunFolder(output).current()
    assert current is not None
    assert verify(current.path) == ()
    assert current.run_id == "old" or step == "publish"
