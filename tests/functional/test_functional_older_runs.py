"""The last run is one of an older program: whatever it lacks is told in one sentence, and is never a bug's exit."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from functional_site import Site
from synthetic_site import KEY

from copd_strat.cli import commands
from copd_strat.config import EngineSettings, GuardSettings, MonitoringSettings
from copd_strat.contracts.own_tables import arrow_schema, own_table
from copd_strat.engine import Engine
from copd_strat.errors import CopdStratError, InputError
from copd_strat.evaluation.monitoring import fitting
from copd_strat.evaluation.snapshots import read_snapshots
from copd_strat.followup.worklist import read_first_nights
from copd_strat.pathways.analyst_tables import last_dispositions, last_references
from copd_strat.publish.manifest import read_record
from copd_strat.quality import kept_figures
from copd_strat.quality.guard_people import people_changed
from copd_strat.summary.period_history import History

TOLD = "a program of another version wrote it"
NEXT = "2026-04-11"


@pytest.fixture
def older(published: Site, tmp_path: Path) -> Site:
    """A copy of the published site, with the environment that its commands want."""
    shutil.copytree(published.folder, tmp_path / "site", symlinks=True)
    return Site(tmp_path / "site", published.truth)


def run_of(site: Site) -> Path:
    (run,) = (site.output / "runs").iterdir()
    return run


def rewrite(site: Site, manifest: dict[str, Any]) -> None:
    """Give the published run ``manifest``, with the hash that the pointer must know."""
    text = json.dumps(manifest)
    (run_of(site) / "manifest.json").write_text(text, encoding="utf-8")
    pointer = json.loads((site.output / "CURRENT.json").read_text(encoding="utf-8"))
    pointer["manifest"] = hashlib.sha256(text.encode()).hexdigest()
    (site.output / "CURRENT.json").write_text(json.dumps(pointer), encoding="utf-8")


def told(site: Site, *arguments: str) -> tuple[int, str]:
    """Exit code and everything said, of a command in this process; only errors of the program's tree are met."""
    done = CliRunner().invoke(commands, [*arguments, "--config", str(site.config)])
    if isinstance(done.exception, CopdStratError):
        return done.exception.exit_code, str(done.exception)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.output


def test_every_key_of_the_last_manifest_may_be_missing(older: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(*next(iter(KEY.items())))
    monkeypatch.setattr("copd_strat.plan.code_hash", lambda: "the same each time")
    whole = json.loads((run_of(older) / "manifest.json").read_text(encoding="utf-8"))
    needed = set()
    for name in whole:
        rewrite(older, {key: value for key, value in whole.items() if key != name})
        code, said = told(older, "run", "--as-of", NEXT, "--dry-run")
        assert code in (0, 11), (name, said)
        if code:
            assert TOLD in said or "copd-strat runs restore" in said, (name, said)
            needed.add(name)
    assert needed == {
        "guard",
        "monitoring",
        "parts",
        "key",
        "as_of",
        "reference_key",
        "run_id",
        "files",
        "timed_files",
    }


@pytest.mark.parametrize("name", ["as_of", "policy", "register", "dispositions"])
def test_a_run_that_cannot_be_told_is_passed_over(older: Site, name: str) -> None:
    manifest = json.loads((run_of(older) / "manifest.json").read_text(encoding="utf-8"))
    del manifest[name]
    rewrite(older, manifest)
    code, said = told(older, "runs", "list")
    assert code == 0
    assert f"says nothing of {name}: {TOLD}" in said


def test_what_guard_and_monitoring_compare_with_is_whole(published: Site) -> None:
    manifest = read_record(run_of(published) / "manifest.json")
    assert kept_figures(manifest["guard"]) == manifest["guard"]
    assert_each_key_is_needed(manifest["guard"], lambda: kept_figures(manifest["guard"]))
    reference = manifest["monitoring"]["reference"]

    def compared_with() -> object:
        return fitting(reference, reference["model"], reference["policy"], MonitoringSettings())

    assert compared_with() is not None
    for part in (reference, *reference["columns"].values()):
        assert_each_key_is_needed(part, compared_with)


def assert_each_key_is_needed(part: dict[str, Any], read: Callable[[], object]) -> None:
    """``read`` tells of an older program for want of any key of ``part``, which it reads."""
    for name, value in list(part.items()):
        del part[name]
        with pytest.raises(InputError, match=f"says nothing of {name}: {TOLD}"):
            read()
        part[name] = value


def read_all(run: Path, folder: Path) -> None:
    """Every table of an earlier run that a night reads."""
    last_dispositions(run)
    last_references(run)
    read_snapshots(run)
    read_first_nights(run)
    history = History.carried_forward(folder, run)
    history.facts()
    history.first_placed()
    for table in (history.membership, history.runs, history.disclosure, history.snapshots, history.rates):
        table()
    for month in history.provisional():
        history.audit(month)


@pytest.fixture
def kept(published: Site, tmp_path: Path) -> Path:
    """A copy of what a night reads of the run before."""
    run = tmp_path / "run"
    shutil.copytree(run_of(published) / "history", run / "history")
    return run


def test_every_column_of_the_last_history_may_be_missing(kept: Path, tmp_path: Path) -> None:
    read_all(kept, tmp_path / "whole")
    tables = sorted((kept / "history").rglob("*.parquet"))
    assert {path.parent.name for path in tables} == {"history", "periods", "audit", "rates", "snapshots"}
    newest = {path.parent if path.parent.name != "history" else path: path for path in tables}.values()
    for path in newest:
        whole = pq.read_table(path)
        for name in whole.column_names:
            pq.write_table(whole.drop_columns([name]), path)
            with pytest.raises(InputError, match=f"{path.name}: has no column {name} .*: {TOLD}"):
                read_all(kept, tmp_path / path.stem / name)
        pq.write_table(whole, path)


@pytest.mark.parametrize(
    "name", ["dispositions", "references", "predictions", "worklist", "membership", "runs", "disclosure"]
)
def test_every_table_of_the_last_history_may_be_missing(kept: Path, tmp_path: Path, name: str) -> None:
    (kept / "history" / f"{name}.parquet").unlink()
    with pytest.raises(InputError, match=f"{name}.parquet: is not in the run.*: {TOLD}"):
        read_all(kept, tmp_path / "copy")


@pytest.mark.parametrize("name", ["patient_id", "practice_id", "sex", "age", "index_date"])
def test_people_of_an_older_program_cannot_be_compared(tmp_path: Path, name: str) -> None:
    names = {"patient_id", "practice_id", "sex", "age", "index_date"} - {name}
    (tmp_path / "analyst").mkdir()
    features = arrow_schema(own_table("internal", "features"))
    schema = pa.schema([features.field(one) for one in sorted(names)])
    pq.write_table(schema.empty_table(), tmp_path / "analyst" / "patients.parquet")
    with (
        Engine.open(EngineSettings(), tmp_path / "spill") as engine,
        pytest.raises(InputError, match=f"has no column {name} .*: {TOLD}"),
    ):
        next(people_changed(engine, features.empty_table().to_pandas(), tmp_path, [], GuardSettings()))
