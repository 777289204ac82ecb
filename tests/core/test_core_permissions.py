"""Inputs that anybody may write to are refused by name, unless the site allows it."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from copd_strat.cli import commands
from copd_strat.config import ClinicalSettings, ExtractSource, PathwaySettings, Settings, load
from copd_strat.errors import ConfigError
from copd_strat.file_permissions import check_inputs

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
