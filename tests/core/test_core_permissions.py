"""Inputs that anybody may write to are refused by name, unless the site allows it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from copd_strat.cli import commands
from copd_strat.config import ClinicalSettings, ExtractSource, PathwaySettings, Settings, load
from copd_strat.errors import ConfigError, InputError
from copd_strat.file_permissions import check_inputs, check_key_file
from copd_strat.pathways.policy_files import FOLDER
from copd_strat.plan import Night, Plan, plan

DEMO = load(Path(__file__).parents[2] / "pipelines" / "demo.yaml")


NIGHT = """
title: Test ICS
synthetic: true
governance:
  legal_basis: none
  approval_reference: none
  approval_expires: 2099-12-31
  controller: nobody
  opt_out_regime: type1
  opt_out_applied_on: 2026-11-20
extracts:
  - {layout: native, path: extract}
output: out
risk: {care_setting: primary_care}
"""


def site(folder: Path, **changed: object) -> Settings:
    extract = folder / "extract"
    extract.mkdir()
    (extract / "patients.csv").write_text("patient_id\n", encoding="utf-8")
    source = ExtractSource(layout="native", path=extract)
    return DEMO.model_copy(update={"extracts": (source,), **changed})


def refusal(settings: Settings) -> str:
    with pytest.raises(ConfigError) as caught:
        check_inputs(settings)
    assert caught.value.exit_code == 10
    return str(caught.value)


def test_inputs_of_ones_own_are_accepted(tmp_path: Path) -> None:
    settings = site(tmp_path)
    check_inputs(settings)
    (settings.extracts[0].path / "patients.csv").chmod(0o646)
    assert "1 input(s)" in refusal(settings)


def test_every_open_file_and_folder_is_named(tmp_path: Path) -> None:
    settings = site(tmp_path)
    folder = settings.extracts[0].path
    (folder / "patients.csv").chmod(0o666)
    folder.chmod(0o777)
    said = refusal(settings)
    assert f"- {folder}\n" in said
    assert str(folder / "patients.csv") in said


def test_many_are_counted_and_not_all_named(tmp_path: Path) -> None:
    settings = site(tmp_path)
    for number in range(20):
        path = settings.extracts[0].path / f"part_{number}.csv"
        path.touch()
        path.chmod(0o666)
    assert "20 input(s)" in refusal(settings)
    assert "and 15 more" in refusal(settings)


def test_code_lists_contracts_and_policy_count_too(tmp_path: Path) -> None:
    paths = {name: tmp_path / name for name in ("codes.csv", "ours.yaml", "contracts")}
    paths["contracts"].mkdir()
    for path in (paths["codes.csv"], paths["ours.yaml"]):
        path.touch()
    settings = site(
        tmp_path,
        clinical=ClinicalSettings(codelists=(paths["codes.csv"],)),
        pathways=PathwaySettings(policy=str(paths["ours.yaml"])),
        contracts=paths["contracts"],
    )
    check_inputs(settings)
    for path in paths.values():
        path.chmod(0o777)
    assert [name for name, path in paths.items() if str(path) not in refusal(settings)] == []


def test_a_site_may_allow_an_extract(tmp_path: Path) -> None:
    settings = site(tmp_path)
    source = settings.extracts[0]
    source.path.chmod(0o777)
    allowed = source.model_copy(update={"allow_world_writable": True})
    check_inputs(settings.model_copy(update={"extracts": (allowed,)}))


@pytest.mark.parametrize("command", ["run", "doctor"])
def test_no_night_begins_on_inputs_that_anybody_may_write_to(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COPD_STRAT_REFERENCE_KEY", "a key for tests with synthetic people 0123456789")
    path = site(tmp_path).extracts[0].path / "patients.csv"
    path.chmod(0o666)
    config = tmp_path / "nightly.yaml"
    config.write_text(NIGHT, encoding="utf-8")
    done = CliRunner().invoke(commands, [command, "--config", str(config)])
    assert isinstance(done.exception, ConfigError)
    assert str(path) in str(done.exception)
    assert not (tmp_path / "out" / "CURRENT.json").exists()


def planned_with(folder: Path, more: str) -> Plan:
    site(folder)
    config = folder / "nightly.yaml"
    config.write_text(NIGHT.replace("risk: {care_setting: primary_care}\n", "") + more, encoding="utf-8")
    return plan(Night(settings=load(config), as_of=date(2026, 11, 26)))


CARE = "risk: {care_setting: primary_care}\n"
BESIDE = {
    "code list": CARE + "clinical: {codelists: [ours.yaml]}",
    "policy": CARE + "pathways: {policy: ours.yaml}",
    "scorecard": "risk: {care_setting: primary_care, scorecards: [ours.yaml]}",
    "recalibration": "risk: {care_setting: primary_care, recalibration: ours.yaml}",
    "contracts": CARE + "contracts: theirs",
}


@pytest.mark.parametrize("more", BESIDE.values(), ids=BESIDE.keys())
def test_what_is_read_besides_the_extracts_is_the_same_to_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: str
) -> None:
    """The manifest names their hashes from before; changed meanwhile, it would name what nobody read."""
    monkeypatch.setenv("COPD_STRAT_REFERENCE_KEY", "a key for tests with synthetic people 0123456789")
    shipped = (FOLDER / "rules_only.yaml").read_bytes()
    (tmp_path / "theirs").mkdir()
    paths = (tmp_path / "ours.yaml", tmp_path / "theirs" / "patients.yaml")
    for path in paths:
        path.write_bytes(shipped)
    planned = planned_with(tmp_path, more)
    planned.require_same_inputs()
    for path in paths:
        path.write_bytes(shipped + b" ")
    with pytest.raises(InputError, match="was changed while the run was reading it"):
        planned.require_same_inputs()


def test_a_code_list_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COPD_STRAT_REFERENCE_KEY", "a key for tests with synthetic people 0123456789")
    with pytest.raises(ConfigError, match=r"ours\.yaml: no such code list"):
        planned_with(tmp_path, BESIDE["code list"])


def test_files_behind_a_linked_folder_count_too(tmp_path: Path) -> None:
    settings = site(tmp_path)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "part.csv").touch()
    (elsewhere / "part.csv").chmod(0o666)
    (settings.extracts[0].path / "deaths").symlink_to(elsewhere)
    assert "part.csv" in refusal(settings)


def test_a_configuration_that_anybody_may_write_to_is_refused(tmp_path: Path) -> None:
    """It names the commands that are run when a night ends."""
    site(tmp_path)
    config = tmp_path / "nightly.yaml"
    config.write_text(NIGHT, encoding="utf-8")
    load(config)
    config.chmod(0o646)
    with pytest.raises(ConfigError, match="anybody on this machine may write to the configuration"):
        load(config)


@pytest.mark.parametrize("mode", [0o604, 0o602])
def test_a_key_that_anybody_may_read_or_replace_is_refused(tmp_path: Path, mode: int) -> None:
    key = tmp_path / "key"
    key.touch()
    key.chmod(0o640)
    check_key_file(key)
    key.chmod(mode)
    with pytest.raises(ConfigError, match="may read the reference key, or write another there"):
        check_key_file(key)
