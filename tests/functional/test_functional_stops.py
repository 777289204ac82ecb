"""When a night cannot be published: the old run stays, the exit code says why, no value is told."""

from __future__ import annotations

import fcntl
import json
import re
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

import duckdb
import pytest
from functional_site import SHORT, Site, make_site

from copd_strat.publish import RunFolder

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
    "halved": lambda site: "n % 2 = 0 OR day >= DATE '2026-01-01'",
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
    "contract broken": (12, break_dates, "native.deaths, column death_date"),
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
    command = {10: "doctor", 11: "validate", 12: "validate", 16: "validate", 18: "run", 19: "doctor"}[code]
    assert f"Then: copd-strat {command} --config {site.config}" in done.stderr
    assert "Traceback" not in done.stderr
    assert CANARY not in done.stderr + done.stdout
    assert not (site.folder / "output" / "CURRENT.json").exists()


def test_validate_refuses_what_a_run_refuses_before_it_scores(site: Any) -> None:
    """Same plan, same steps, same verdict: every case that stops a run stops ``validate`` as well."""
    damage_codes(site)
    said = []
    for command in ("run", "validate"):
        done = site.call(command, "--config", str(site.config), "--as-of", "2026-04-10")
        assert done.returncode == 12, done.stderr
        said.append(done.stderr.split("copd-strat stopped")[1].splitlines()[0])
        assert (site.output / "failed" / "validation.html").exists()
    assert said[0] == said[1]
    assert "SNOMED CT and dm+d identifiers" in said[0]


def damage_codes(site: Any) -> None:
    """The last digit of every SNOMED CT id is off by one, as a float would leave it."""
    for path in (site.extracts / "gp_events").glob("*.parquet"):
        wrong = "substr(code, 1, length(code) - 1) || (CAST(right(code, 1) AS INTEGER) + 1) % 10"
        changed = f"CASE WHEN code_system = 'snomed' THEN {wrong} ELSE code END AS code"
        draft = path.with_suffix(".draft")
        duckdb.sql(f"COPY (SELECT * REPLACE ({changed}) FROM '{path}') TO '{draft}' (FORMAT parquet)")
        draft.replace(path)


def test_a_missing_reference_key_is_named(site: Any) -> None:
    done = site.call("run", "--config", str(site.config), COPD_STRAT_REFERENCE_KEY="")
    assert done.returncode == 10
    assert "reference key" in done.stderr


def test_a_running_night_locks_the_output(site: Any) -> None:
    (site.folder / "output").mkdir()
    with (site.folder / "output" / ".lock").open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert site.run().returncode == 17


ONE_CAUSE = {
    "halved": "a table has changed in size",
    "a month missing": "a month has too few records",
    "a practice missing": "a practice has gone",
}


@pytest.mark.slow
def test_extracts_that_moved_too_far_leave_the_old_run_in_place(site: Any, people: Path) -> None:
    assert site.run().returncode == 0
    before = RunFolder(site.output).current()
    assert before is not None
    stale = site.run(as_of="2026-07-10")
    assert stale.returncode == 13, stale.stderr
    assert "the extract is old" in stale.stderr
    for name, condition in MOVED.items():
        shutil.rmtree(site.extracts)
        shutil.copytree(people / "native", site.extracts)
        frozen = site.folder / "people.csv"
        shutil.copy(patients_file(site), frozen)
        keep_rows(site, condition(site).replace(str(patients_file(site)), str(frozen)))
        moved = site.run(as_of="2026-04-11")
        assert moved.returncode == 13, f"{name}: {moved.stderr}"
        first = moved.stderr.split("copd-strat stopped (exit 13): ")[1]
        assert first.startswith(ONE_CAUSE[name])
        assert "Fix:" in first
        assert "tonight" in first
        page = (site.output / "failed" / "validation.html").read_text(encoding="utf-8")
        assert "<strong>Then:</strong> <code>copd-strat validate --config" in page
        record = json.loads((site.output / "failed" / "validation.json").read_text(encoding="utf-8"))
        assert {found["cause"] for found in record["findings"] if found["weight"] == "stop"} == {
            ONE_CAUSE[name]
        }
        after = RunFolder(site.output).intact_current()
        assert after is not None
        assert after.path == before.path


def rewrite_patients(site: Any, select: str) -> None:
    """``select`` is over {patients}, in the order of the file's rows."""
    path = patients_file(site)
    draft = path.with_name("draft.csv")
    source = f"(SELECT *, row_number() OVER () AS n FROM read_csv('{path}', all_varchar = true))"
    duckdb.sql(f"COPY ({select.format(patients=source)}) TO '{draft}' (HEADER)")
    draft.replace(path)


# Each of the two practices takes the other's code.
SWAPPED = """
SELECT p.* EXCLUDE (n) REPLACE (CASE practice_id WHEN low THEN high ELSE low END AS practice_id)
FROM {patients} p
CROSS JOIN (SELECT min(practice_id) AS low, max(practice_id) AS high FROM {patients})
ORDER BY n
"""


def test_people_columns_and_files_are_held_against_last_night(running_site: Any) -> None:
    """What no total shows: practices beside other people's ids, a renamed column, a part that did not come."""
    site = running_site
    before = the_run(site)
    whole = patients_file(site).read_bytes()
    rewrite_patients(site, SWAPPED)
    shifted = site.run(as_of="2026-04-10")
    assert shifted.returncode == 13, shifted.stderr
    assert "people are with other practices: native.patients, file patients.csv, column practice_id" in (
        shifted.stderr
    )
    patients_file(site).write_bytes(whole)
    rewrite_patients(site, "SELECT * EXCLUDE (n) RENAME (death_date AS died_on) FROM {patients} ORDER BY n")
    min((site.extracts / "gp_events").glob("*.parquet")).unlink()
    renamed = site.run(as_of="2026-04-10")
    assert renamed.returncode == 13, renamed.stderr
    assert "stopped (exit 13): a file is missing: native.gp_events" in renamed.stderr
    assert "column death_date came last night and not tonight" in renamed.stderr
    assert "no contract knows column died_on" in renamed.stderr
    assert renamed.stderr.count("Fix:") == 2
    assert the_run(site) == before


def test_a_bug_gives_code_70_and_no_value(site: Any) -> None:
    broken = (
        "import copd_strat.clinical as c\n"
        f"def build(*a, **k): raise ValueError('{CANARY}')\n"
        "c.build = build\n"
        "from copd_strat.cli import main; main()"
    )
    command = site.command("run", "--config", str(site.config), "--as-of", "2026-04-10")
    command[2] = broken
    done = subprocess.run(command, env=site.environment, capture_output=True, text=True, check=False)
    assert done.returncode == 70, done.stderr
    assert CANARY not in done.stderr
    assert "internal error (ValueError)" in done.stderr


# Each step with the signal that meets it; by day one step a signal, all of them with 'make slow'.
STEPS = {
    "controls": signal.SIGHUP,
    "ingest": signal.SIGINT,
    "validate": signal.SIGTERM,
    "clinical facts": signal.SIGHUP,
    "risk": signal.SIGINT,
    "pathways": signal.SIGTERM,
    "monitoring": signal.SIGTERM,
    "follow-up": signal.SIGHUP,
    "lists": signal.SIGINT,
    "summary and report": signal.SIGTERM,
    "publish": signal.SIGHUP,
}
BY_DAY = ("lists", "publish")
EACH_STEP = [step if step in BY_DAY else pytest.param(step, marks=pytest.mark.slow) for step in STEPS]


@pytest.fixture(scope="session")
def published_once(few_people: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small site with one published run, to copy."""
    folder = tmp_path_factory.mktemp("published_once") / "site"
    made = make_site(folder, few_people / "native", few_people / "truth", SHORT)
    done = made.run(as_of="2026-04-09")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def running_site(published_once: Path, tmp_path: Path) -> Site:
    """A small site of one's own with a run of the day before."""
    shutil.copytree(published_once, tmp_path / "site")
    return Site(tmp_path / "site", Path())


def the_run(site: Any) -> str:
    """The folder that readers follow, every file of it as it was published."""
    current = RunFolder(site.output).intact_current()
    assert current is not None
    return current.path.name


def signalled(site: Any, step: str, number: signal.Signals) -> tuple[int, str]:
    """Exit code and log of a night that gets a signal as soon as a step has begun."""
    with site.start() as night:
        assert night.stderr is not None
        log = []
        for line in night.stderr:
            log.append(line)
            if "START" in line and line.rstrip().endswith(step):
                night.send_signal(number)
        night.wait()
    return night.returncode, "".join(log)


@pytest.mark.parametrize("step", EACH_STEP)
def test_a_killed_night_leaves_the_old_run_whole(running_site: Any, step: str) -> None:
    before = the_run(running_site)
    code, log = signalled(running_site, step, signal.SIGKILL)
    after = the_run(running_site)
    assert (code, after) == (-9, before) or step == "publish", log


@pytest.mark.parametrize("step", EACH_STEP)
def test_a_stopped_night_says_so_in_one_sentence(running_site: Any, step: str) -> None:
    number = STEPS[step]
    before = the_run(running_site)
    code, log = signalled(running_site, step, number)
    assert code == 128 + number, log
    assert log.count("was stopped by you") == 1
    assert "Traceback" not in log
    assert "Fix:" not in log
    assert {path.name for path in running_site.output.iterdir()} == {
        ".lock",
        "CURRENT.json",
        "audit.jsonl",
        "runs",
        "store",
    }
    kept = list((running_site.output / "store").iterdir())
    assert kept
    assert all((entry / "seal").exists() for entry in kept)  # no file that was half read stays
    assert the_run(running_site) == before or step == "publish"


def test_every_line_of_the_log_has_a_time_and_sources_have_their_path(small_site: Any) -> None:
    done = small_site.call("run", "--config", str(small_site.config), "--as-of", "2026-04-10", "--dry-run")
    lines = done.stderr.splitlines()
    assert [line for line in lines if not re.match(r"[0-2]\d:[0-5]\d:[0-5]\d  ", line)] == []
    assert any(f"reads   native from {small_site.extracts}" in line for line in lines)


def test_a_file_written_while_the_night_reads_is_noticed(small_site: Any) -> None:
    with small_site.start() as night:
        assert night.stderr is not None
        log = []
        for line in night.stderr:
            log.append(line)
            if "START" in line and line.rstrip().endswith("risk"):
                patients_file(small_site).touch()
        night.wait()
    assert night.returncode == 11, "".join(log)
    assert f"{patients_file(small_site)}: was changed" in "".join(log)
    assert not (small_site.output / "CURRENT.json").exists()


def test_a_damaged_run_is_refused_and_restored(running_site: Any) -> None:
    first = the_run(running_site)
    assert running_site.run().returncode == 0
    damaged = running_site.output / "runs" / the_run(running_site)
    (damaged / "history" / "dispositions.parquet").write_bytes(b"rewritten")
    config = ("--config", str(running_site.config))
    for command in (("run", *config), ("runs", "verify", *config)):
        done = running_site.call(*command)
        assert done.returncode == 11, done.stderr
        assert "copd-strat runs restore RUN" in done.stderr
    (damaged / "analyst" / "patients.parquet").write_bytes(b"rewritten")
    both = ("--policy", "rules_only", "--policy", "gold_abe")
    for command in (("diff", first, damaged.name), ("explain", "CP-0000-0000-0"), ("whatif", *both)):
        done = running_site.call(*command, *config)
        assert done.returncode == 11, f"{command}: {done.stderr}"
        assert "analyst/patients.parquet is missing or was changed" in done.stderr
    done = running_site.call("runs", "restore", first, *config)
    assert done.returncode == 0, done.stderr
    assert f"Published is now run {first}" in done.stdout
    (damaged / "manifest.json").write_text("{")
    listed = running_site.call("runs", "list", *config)
    assert listed.returncode == 0, listed.stderr
    assert f"run {damaged.name} is damaged" in listed.stderr
    assert damaged.name not in listed.stdout
    assert the_run(running_site) == first
