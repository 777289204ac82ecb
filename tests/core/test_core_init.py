"""What init asks for on a terminal is all that a night needs; elsewhere blanks stay and are named."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from copd_strat import config
from copd_strat.cli import commands, new_site

PATIENTS = "patient_id,practice_id,sex,birth_year\nP1,A81001,female,1950\n"
ANSWERS = {
    "title": "Our: ICS",
    "legal_basis": "regulation 5",
    "approval_reference": "26/CAG/0001",
    "approval_expires": "2027-03-31",
    "controller": "ICB",
    "opt_out_regime": "type1",
    "opt_out_applied_on": "2026-11-20",
    "output": "out",
    "care_setting": "primary_care",
}


@pytest.fixture
def extract(tmp_path: Path) -> Path:
    folder = tmp_path / "given: here"
    folder.mkdir()
    (folder / "patients.csv").write_text(PATIENTS, encoding="utf-8")
    return folder


def test_answers_on_a_terminal_make_a_whole_configuration(
    extract: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(new_site, "_on_terminal", lambda: True)
    path = tmp_path / "night.yaml"
    typed = "\n".join(ANSWERS.values()) + "\n"
    done = CliRunner().invoke(commands, ["init", str(extract), "-o", str(path)], input=typed)
    assert done.exit_code == 0, done.output
    settings = config.load(path)
    assert settings.title == ANSWERS["title"]
    assert settings.extracts[0].path == extract
    assert settings.governance.approval_expires.isoformat() == ANSWERS["approval_expires"]
    assert "Next: run 'copd-strat doctor" in done.output


def test_what_is_not_answered_stays_to_be_filled_in(
    extract: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(new_site, "_on_terminal", lambda: True)
    path = tmp_path / "night.yaml"
    typed = "Our ICS" + "\n" * len(ANSWERS)
    done = CliRunner().invoke(commands, ["init", str(extract), "-o", str(path)], input=typed)
    assert f"({len(ANSWERS) - 1} places)" in done.output
    refused = CliRunner().invoke(commands, ["doctor", "--config", str(path)])
    assert str(refused.exception).count("still to be filled in") == len(ANSWERS) - 1


def test_an_answer_that_cannot_be_is_asked_for_again(
    extract: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(new_site, "_on_terminal", lambda: True)
    path = tmp_path / "night.yaml"
    wrong = {"approval_expires": "31/03/2027", "opt_out_regime": "type 1", "opt_out_applied_on": "2026-02-30"}
    lines = [[wrong[key], right] if key in wrong else [right] for key, right in ANSWERS.items()]
    typed = "\n".join(line for pair in lines for line in pair) + "\n"
    done = CliRunner().invoke(commands, ["init", str(extract), "-o", str(path)], input=typed)
    assert done.exit_code == 0, done.output
    assert done.output.count("approval_expires: must be a date of the calendar") == 1
    assert done.output.count("opt_out_applied_on: must be a date of the calendar") == 1
    assert "opt_out_regime: must be one of type1, type1_and_national, none_direct_care" in done.output
    assert config.load(path).governance.opt_out_regime == "type1"


def test_a_configuration_that_is_there_is_kept(extract: Path, tmp_path: Path) -> None:
    path = tmp_path / "night.yaml"
    path.write_text("title: mine\n", encoding="utf-8")
    done = CliRunner().invoke(commands, ["init", str(extract), "-o", str(path)])
    assert "is there already" in str(done.exception)
    assert path.read_text(encoding="utf-8") == "title: mine\n"
