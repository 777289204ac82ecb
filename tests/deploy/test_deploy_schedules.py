"""Files for schedulers do what they say: parsed by their own tools, and run as the scheduler would."""

from __future__ import annotations

import configparser
import re
import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import pytest
from deploy_places import CONFIG, DEPLOY, PROGRAM, ROOT

from copd_strat.errors import CopdStratError, LockError


def cron_command(program: Path, site: Path) -> str:
    """The crontab's command, with the places of this test."""
    lines = (DEPLOY / "cron" / "copd-strat").read_text(encoding="utf-8").splitlines()
    (line,) = (line for line in lines if re.match(r"\d", line))
    minute, hour, *every, user, command = line.split(maxsplit=6)
    assert (minute, hour, every, user) == ("30", "3", ["*", "*", "*"], "copd-strat")
    assert "%" not in command  # cron would read it as the end of a line
    here = {PROGRAM: str(program), CONFIG: str(site / "nightly.yaml"), "/var/log/copd-strat": str(site)}
    for there, place in here.items():
        assert there in command
        command = command.replace(there, place)
    return command


def as_cron(command: str) -> subprocess.CompletedProcess[str]:
    """As cron runs it: no environment but its own, no terminal, the file's shell."""
    return subprocess.run(
        ["/usr/bin/env", "-i", "HOME=/nonexistent", "PATH=/usr/bin:/bin", "/bin/sh", "-c", command],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def test_cron_publishes_in_silence_and_mails_one_line_of_a_stop(site: Path, program: Path) -> None:
    """One night that is published and one that is stopped; each tells the site's hook, words untouched."""
    command = cron_command(program, site)
    done = as_cron(command)
    log = (site / "night.log").read_text(encoding="utf-8")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", ""), log
    assert re.search(r"^[0-2]\d:[0-5]\d:[0-5]\d +(\d+) of \1  OK     publish", log, flags=re.MULTILINE)
    (run,) = (site / "output" / "runs").iterdir()
    config = (site / "nightly.yaml").read_text(encoding="utf-8")
    (site / "nightly.yaml").write_text(config.replace("2099-12-31", "2026-04-09"), encoding="utf-8")
    stopped = as_cron(command)
    assert stopped.returncode == 19
    assert stopped.stdout == f"copd-strat stopped with exit 19: {site}/night.log\n"
    told = (site / "told").read_text(encoding="utf-8").splitlines()
    assert told == [f"published 0 a b ; $HOME {run}", f"stopped 19 {site}/output"]


def test_a_hook_that_fails_changes_nothing(site: Path, program: Path) -> None:
    config = (site / "nightly.yaml").read_text(encoding="utf-8")
    wrong = config.replace("2099-12-31", "2026-04-09").replace(
        f"on_failure: [{site}/hook]", "on_failure: [/no]"
    )
    (site / "nightly.yaml").write_text(wrong, encoding="utf-8")
    done = subprocess.run(
        [program, "run", "--config", site / "nightly.yaml"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 19
    assert "Warning: hooks.on_failure: /no: No such file or directory" in done.stderr
    assert "copd-strat stopped (exit 19)" in done.stderr


def unit(name: str) -> configparser.ConfigParser:
    read = configparser.ConfigParser(interpolation=None, delimiters="=", comment_prefixes="#", strict=True)
    read.optionxform = str  # type: ignore[assignment,method-assign]
    read.read(DEPLOY / "systemd" / name)
    return read


def test_systemd_runs_the_night_and_tells_of_its_failure() -> None:
    night, timer = unit("copd-strat.service"), unit("copd-strat.timer")
    assert night["Unit"]["OnFailure"] == "copd-strat-failed@%n.service"
    assert night["Service"]["ExecStart"] == f"{PROGRAM} run --config {CONFIG}"
    assert night["Service"]["User"] != "root"
    # a stop by systemd itself is no failure; every code that asks somebody for something is one
    fine = {int(code) for code in night["Service"]["SuccessExitStatus"].split()}
    assert fine == {143}
    assert not fine & {kind.exit_code for kind in CopdStratError.__subclasses__()}
    assert timer["Timer"]["Persistent"] == "true"
    assert "%i" in unit("copd-strat-failed@.service")["Service"]["ExecStart"]


@pytest.mark.needs_systemd
@pytest.mark.parametrize("name", ["copd-strat.timer", "copd-strat-failed@.service"])
def test_systemd_itself_finds_no_fault(tmp_path: Path, name: str) -> None:
    for path in (DEPLOY / "systemd").iterdir():
        text = (
            path.read_text(encoding="utf-8")
            .replace(PROGRAM, "/bin/true")
            .replace("/usr/bin/logger", "/bin/true")
        )
        (tmp_path / path.name).write_text(text, encoding="utf-8")
    path = (tmp_path / name).rename(tmp_path / name.replace("@", "@x")) if "@" in name else tmp_path / name
    done = subprocess.run(
        ["systemd-analyze", "verify", "--recursive-errors=no", path],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_dag_runs_one_night_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Against a stand-in for Airflow; a real one parses it in `make airflow`."""
    made: dict[str, dict[str, Any]] = {}

    class Stub:
        def __init__(self, **told: Any) -> None:
            made[told.get("dag_id") or told["task_id"]] = told

        def __enter__(self) -> Stub:
            return self

        def __exit__(self, *_: object) -> None:
            return None

    def module(name: str, **members: Any) -> None:
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
        vars(sys.modules[name]).update(members)

    for name in ("airflow", "airflow.providers", "airflow.providers.standard"):
        module(name)
    module("airflow.providers.standard.operators")
    module("airflow.providers.standard.operators.bash", BashOperator=Stub)
    module("airflow.sdk", DAG=Stub)
    path = DEPLOY / "airflow" / "copd_strat_night.py"
    exec(compile(path.read_text(encoding="utf-8"), path, "exec"), {"__name__": "dag"})
    night, task = made["copd_strat_night"], made["run"]
    assert (night["max_active_runs"], night["catchup"], night["default_args"]["retries"]) == (1, False, 0)
    assert task["skip_on_exit_code"] == LockError.exit_code
    assert task["append_env"] is False
    assert f"{PROGRAM} run --config {CONFIG}" in task["bash_command"]


def test_the_container_is_made_of_files_that_are_there_and_never_root() -> None:
    text = (DEPLOY / "container" / "Containerfile").read_text(encoding="utf-8")
    steps = [line.split(maxsplit=1) for line in text.splitlines() if line and line[0] not in "# "]
    copied = [rest.split()[0] for word, rest in steps if word == "COPY"]
    assert copied == ["requirements.lock", "dist/*.whl"]
    assert (ROOT / "requirements.lock").exists()
    words = dict(steps)
    assert words["FROM"] == "python:3.11-slim"
    assert words["USER"].isdecimal()
    assert int(words["USER"]) > 0
    assert words["ENTRYPOINT"] == '["copd-strat"]'
    assert "--require-hashes" in words["RUN"]


def test_every_scheduler_names_the_same_places() -> None:
    for path in ("systemd/copd-strat.service", "cron/copd-strat", "airflow/copd_strat_night.py"):
        text = (DEPLOY / path).read_text(encoding="utf-8")
        assert PROGRAM in text, path
        assert CONFIG in text, path
