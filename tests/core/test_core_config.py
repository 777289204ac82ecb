from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from copd_strat import config
from copd_strat.errors import ConfigError

GOOD = """
title: Test ICS
governance:
  legal_basis: regulation 5
  approval_reference: 26/CAG/0000
  approval_expires: 2027-03-31
  controller: Test ICB
  opt_out_regime: type1
  opt_out_applied_on: 2026-11-20
extracts:
  - {layout: native, path: extracts}
contracts: data_contracts
output: out
risk: {care_setting: primary_care}
"""


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "nightly.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def fault(tmp_path: Path, text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        config.load(write(tmp_path, text))
    return str(caught.value)


def test_a_complete_file_becomes_settings_with_paths_relative_to_it(tmp_path: Path) -> None:
    settings = config.load(write(tmp_path, GOOD))
    assert settings.governance.approval_expires == date(2027, 3, 31)
    assert settings.extracts[0].path == tmp_path / "extracts"
    assert settings.output == tmp_path / "out"
    assert settings.clinical.episode_rule == "chain"


def test_an_unknown_key_is_refused_with_a_suggestion(tmp_path: Path) -> None:
    text = fault(tmp_path, GOOD.replace("care_setting: primary_care", "care_seting: primary_care"))
    assert "risk.care_seting: unknown key (did you mean 'care_setting'?)" in text
    assert "risk.care_setting: required, but missing" in text


def test_every_fault_is_reported_at_once(tmp_path: Path) -> None:
    text = fault(
        tmp_path,
        GOOD.replace("layout: native", "layout: nativ").replace("2027-03-31", "soon") + "colour: blue\n",
    )
    assert "3 error(s)" in text
    assert "extracts[0].layout: must be one of native, nhse" in text
    assert "governance.approval_expires: must be a date" in text
    assert "colour: unknown key" in text
    assert "nightly.yaml" in text


def test_the_care_setting_has_no_silent_default(tmp_path: Path) -> None:
    assert "risk: required" in fault(tmp_path, GOOD.replace("risk: {care_setting: primary_care}", ""))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("engine: {threads: -1}", "engine.threads: must be a whole number, 0 or more"),
        ("engine: {threads: true}", "engine.threads: must be a whole number"),
        ("synthetic: 'yes'", "synthetic: must be true or false"),
        ("clinical: chain", "clinical: expected 'key: value' lines below it"),
        ("clinical: {codelists: mine.csv}", "clinical.codelists: expected a list"),
        ("guard: {max_rows_change: lots}", "guard.max_rows_change: must be a number"),
    ],
)
def test_a_value_of_the_wrong_kind_names_its_key(tmp_path: Path, wrong: str, said: str) -> None:
    assert said in fault(tmp_path, GOOD + wrong + "\n")


def test_a_key_given_twice_is_refused_with_its_line(tmp_path: Path) -> None:
    assert "line 15: the key 'title' is given twice" in fault(tmp_path, GOOD + "title: Again\n")


def test_broken_yaml_names_its_line(tmp_path: Path) -> None:
    assert "not valid YAML at line" in fault(tmp_path, GOOD + "  x: [1\n")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"absent\.yaml: no such file"):
        config.load(tmp_path / "absent.yaml")


def test_a_list_at_the_top_is_refused(tmp_path: Path) -> None:
    assert "expected 'key: value' lines" in fault(tmp_path, "- a\n- b\n")


def test_the_documentation_names_every_key() -> None:
    page = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text(encoding="utf-8")
    keys = list(config.keys(config.Settings))
    assert "clinical.spell_gap_days" in keys
    assert [key for key in keys if f"`{key}`" not in page] == []
