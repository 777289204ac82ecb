"""Every error names a next command, and it is one of what was typed: its options are there to be typed."""

from __future__ import annotations

import re
import shlex
from datetime import date
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from copd_strat import config
from copd_strat.backtesting import refuse_unseen
from copd_strat.cli import commands
from copd_strat.cli.nightly import check_again, what_is_written
from copd_strat.errors import CopdStratError, RequestError, RunGuardError
from copd_strat.plan import Night, Plan, refuse_going_back
from copd_strat.publish import PublishedRun, RunFolder
from copd_strat.publish.folder import no_such_run

CONFIG, AS_OF = "a site/nightly.yaml", "2026-11-26"
# How each command that reads a configuration is typed; {} stands for its --config.
TYPED = {
    "run": "run {} --as-of 2026-11-26",
    "validate": "validate {} --as-of 2026-11-26",
    "backtest": "backtest {} --as-of 2026-11-26 --index 2025-10-31",
    "train": "train {} --index 2025-10-31 --name own",
    "evaluate": "evaluate {}",
    "recalibrate": "recalibrate {} --index 2025-10-31",
    "doctor": "doctor {}",
    "explain": "explain CP-7K3M-9QWX-4 {}",
    "trace": "trace CP-7K3M-9QWX-4 {}",
    "diff": "diff a b {}",
    "whatif": "whatif {} --policy gold_abe --policy ncl_like",
    "delta": "delta {} --analyst copies",
    "runs": "runs list {}",
    "restore": "runs restore a {}",
}
ERRORS = sorted(CopdStratError.__subclasses__(), key=lambda kind: kind.exit_code)


def then(monkeypatch: pytest.MonkeyPatch, command: str, kind: type[CopdStratError]) -> str | None:
    """The next command that ``command`` names when it ends with an error of ``kind``."""

    def fail(*_: Any) -> None:
        raise kind("what is wrong", fix="what to do")

    monkeypatch.setattr(config, "load", fail)
    typed = shlex.split(TYPED[command].format(f"--config '{CONFIG}'"))
    error = CliRunner().invoke(commands, typed, catch_exceptions=True).exception
    assert isinstance(error, kind), error
    return error.then


def test_every_command_with_a_configuration_is_tried() -> None:
    there = {
        name
        for name, command in commands.commands.items()
        if any(param.name == "config_path" and param.required for param in command.params)
    }
    assert there <= TYPED.keys()


@pytest.mark.parametrize("kind", ERRORS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("command", TYPED)
def test_the_next_command_is_of_what_was_typed(
    monkeypatch: pytest.MonkeyPatch, command: str, kind: type[CopdStratError]
) -> None:
    named = then(monkeypatch, command, kind)
    if kind is RequestError:
        assert named is None, "the same words would fail again"
        return
    assert named is not None
    again = f"copd-strat {shlex.join(shlex.split(TYPED[command].format(f'--config {shlex.quote(CONFIG)}')))}"
    if kind.exit_code in (10, 19):
        assert named == f"copd-strat doctor --config {shlex.quote(CONFIG)}"
    elif command == "run" and kind.exit_code == 11:
        assert named == check_again(Path(CONFIG), date.fromisoformat(AS_OF))
    else:
        assert named == again


def published(as_of: str = "2026-11-29", **told: Any) -> PublishedRun:
    return PublishedRun(run_id="r", path=Path("r"), manifest={"as_of": as_of} | told)


@pytest.mark.parametrize("command", ["run", "validate", "backtest", "train", "evaluate"])
def test_who_goes_back_is_told_options_of_his_command(command: str) -> None:
    night = Night(settings=None, as_of=date(2026, 11, 26), command=command)  # type: ignore[arg-type]
    with pytest.raises(RunGuardError) as caught:
        refuse_going_back(night, published())
    told = {word.strip(",;") for word in str(caught.value.fix).split() if word.startswith("--")}
    options = {option for param in commands.commands[command].params for option in param.opts}
    assert told
    assert told <= options
    assert isinstance(commands.commands[command], click.Command)


class _Planned:
    """As much of a plan as tells how far its extracts reach."""

    def __init__(self, same: bool, **given: date) -> None:
        clinical = config.ClinicalSettings(**given)
        self.settings = type("Settings", (), {"clinical": clinical})
        self.as_of = date(2026, 11, 26)
        self.published = published(gp_complete_to="2026-10-31", hospital_complete_to="2026-09-30")
        self.same = same

    def has_extracts_of(self, _run: PublishedRun) -> bool:
        return self.same


@pytest.mark.parametrize(
    ("same", "given", "latest"),
    [
        (False, {}, date(2025, 11, 26)),
        (True, {}, date(2025, 9, 30)),
        (False, {"gp_complete_to": date(2026, 8, 31)}, date(2025, 8, 31)),
    ],
)
def test_an_index_that_is_too_late_is_told_before_anything_is_read(
    same: bool, given: dict[str, date], latest: date
) -> None:
    planned: Any = _Planned(same, **given)
    refuse_unseen(planned, [latest])
    with pytest.raises(RequestError, match=f"give an index of {latest} or earlier"):
        refuse_unseen(planned, [latest.replace(day=latest.day - 1), date(2025, 12, 1)])


def test_the_extracts_are_those_of_a_run_by_every_part() -> None:
    planned = object.__new__(Plan)
    source = type("Source", (), {"layout": "native"})
    names = ("extracts of native (0)", "configuration and policy", "data contracts", "program")
    object.__setattr__(planned, "sources", (source,))
    object.__setattr__(planned, "parts", dict.fromkeys(names, "a"))
    assert planned.has_extracts_of(published(parts=dict.fromkeys(names, "a")))
    for name in names:
        assert not planned.has_extracts_of(published(parts=dict.fromkeys(names, "a") | {name: "b"}))


def stop_in(root: Path, failed: str) -> None:
    with RunFolder(root).staged("x", failed) as partial:
        (partial / "quality").mkdir()
        (partial / "quality" / "validation.html").write_text("stopped")
        raise RunGuardError("stopped")


@pytest.mark.parametrize("command", ["run", "validate", "backtest", "train", "evaluate"])
def test_only_a_night_leaves_a_night_s_page(tmp_path: Path, command: str) -> None:
    """A back-test that stops takes neither the page of last night's stop nor the published run's name."""
    settings = type("Settings", (), {"title": "Test"})
    planned = object.__new__(Plan)
    night = Night(settings=settings, as_of=date(2026, 11, 26), command=command)  # type: ignore[arg-type]
    object.__setattr__(planned, "night", night)
    object.__setattr__(planned, "run_id", "20261126-abc")
    is_night = command in ("run", "validate")
    assert (planned.failed == "failed", planned.heading["run_id"] != "") == (is_night, is_night)
    with pytest.raises(RunGuardError) as caught:
        stop_in(tmp_path, planned.failed)
    assert caught.value.page == tmp_path / planned.failed / "validation.html"
    assert (tmp_path / "failed").exists() == is_night


def test_a_run_that_is_not_there_is_a_request_for_nothing(tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    with pytest.raises(RequestError, match="there is no run 'nope'"):
        RunFolder(tmp_path).restore("nope")
    assert no_such_run("nope").exit_code == 2


@pytest.mark.parametrize(
    ("command", "same", "written"),
    [
        ("run", False, "out as run 20261129-abc"),
        ("run", True, "nothing: run 20261129-abc stays published"),
        ("validate", False, "a page of what was found in out; publishes nothing"),
        ("validate", True, "a page of what was found in out; publishes nothing"),
    ],
)
def test_a_plan_says_what_will_be_written(command: str, same: bool, written: str) -> None:
    settings = type("Settings", (), {"output": Path("out")})
    planned = object.__new__(Plan)
    night = Night(settings=settings, as_of=date(2026, 11, 29), command=command)  # type: ignore[arg-type]
    values = {"night": night, "run_id": "20261129-abc", "key": "k" if same else "another"}
    for name, value in (values | {"published": published(key="k")}).items():
        object.__setattr__(planned, name, value)
    assert what_is_written(planned) == written


def test_every_page_that_a_file_points_to_is_there() -> None:
    """Pages were moved and the files for cron and systemd pointed to where they had been."""
    root = Path(__file__).parents[2]
    files = [path for room in ("deploy", "pipelines", "src") for path in (root / room).rglob("*")]
    told = {
        (path.name, page)
        for path in files
        if path.suffix in {".py", ".yaml", ".service", ".timer", ".json", ".sql", ""} and path.is_file()
        for page in re.findall(r"docs/[a-z/-]+\.md", path.read_text(encoding="utf-8"))
    }
    assert ("copd-strat.service", "docs/schedule.md") in told
    assert {page for _, page in told if not (root / page).is_file()} == set()
