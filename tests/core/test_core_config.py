from __future__ import annotations

import contextlib
import json
from datetime import date
from pathlib import Path

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from schema_files import PIPELINES, SCHEMAS, text

from copd_strat import config
from copd_strat.errors import ConfigError
from copd_strat.pathways.policy_files import FOLDER

SHIPPED = [*sorted(PIPELINES.glob("*.yaml")), *sorted(FOLDER.glob("*.yaml"))]

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


@pytest.mark.parametrize("root", ["out", "out/commissioners", "."])
def test_neither_root_lies_in_the_other(tmp_path: Path, root: str) -> None:
    text = fault(tmp_path, GOOD + f"publish: {{commissioners: {root}}}\n")
    assert "publish: commissioners and output must not lie in each other" in text
    apart = config.load(write(tmp_path, GOOD + "publish: {commissioners: apart}\n"))
    assert apart.publish.commissioners == tmp_path / "apart"


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
    assert "extracts[0].layout: no such layout (did you mean 'native'?)" in text
    assert "governance.approval_expires: must be a date" in text
    assert "colour: unknown key" in text
    assert "nightly.yaml" in text


def test_the_care_setting_has_no_silent_default(tmp_path: Path) -> None:
    assert "risk: required" in fault(tmp_path, GOOD.replace("risk: {care_setting: primary_care}", ""))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("engine: {threads: -1}", "engine.threads: must be 1 or more"),
        ("engine: {threads: 0}", "engine.threads: must be 1 or more"),
        ("engine: {threads: true}", "engine.threads: must be a whole number"),
        ("engine: {threads: 2.0}", "engine.threads: must be a whole number"),
        ("engine: {threads: " + "9" * 5000 + "}", "engine.threads: must be a whole number"),
        ("engine: {memory_limit: abc}", "engine.memory_limit: must be a size such as 1GB"),
        ("engine: {memory_limit: -5GB}", "engine.memory_limit: must be a size such as 1GB"),
        ("engine: {memory_limit: 0GB}", "engine.memory_limit: must be a size such as 1GB"),
        ("synthetic: 'yes'", "synthetic: must be true or false"),
        ("clinical: chain", "clinical: expected 'key: value' lines below it"),
        ("clinical: {codelists: mine.csv}", "clinical.codelists: expected a list"),
        ("clinical: {gp_complete_to: 2026-02-30}", "clinical.gp_complete_to: must be a date of the calendar"),
        ("clinical: {gp_complete_to: 2026-02-28 10:00:00}", "clinical.gp_complete_to: must be a date"),
        ("guard: {max_rows_change: lots}", "guard.max_rows_change: must be a number"),
        ("guard: {max_rows_change: 1.5}", "guard.max_rows_change: must be 1 or less"),
        ("guard: {max_patients_change: -0.1}", "guard.max_patients_change: must be 0 or more"),
        ("guard: {min_month_share: .nan}", "guard.min_month_share: must be"),
        ("summary: {months: 0}", "summary.months: must be 1 or more"),
        ("retain_runs: 0", "retain_runs: must be 1 or more"),
        ("timezone: Europe/Londn", "timezone: no such time zone"),
        ("timezone: localtime", "timezone: no such time zone"),
        ("timezone: ../../etc/passwd", "timezone: no such time zone"),
        ('pathways: {reference_key_file: "a\\0b"}', "pathways.reference_key_file: must be a path"),
        ("pathways: {policy: ' '}", "pathways.policy: must not be empty"),
        ("lists: {identity_check: name}", "lists.identity_check: must be one of age_sex, none"),
        ("1: 2", "unknown key"),
        ("? [a, b]\n: c", "line 15: a key must be a word"),
    ],
)
def test_a_wrong_value_names_its_key(tmp_path: Path, wrong: str, said: str) -> None:
    assert said in fault(tmp_path, GOOD + wrong + "\n")


def test_the_layouts_are_the_folders_there_are() -> None:
    from copd_strat.extracts.layouts import LAYOUTS

    assert set(config.layouts()) == set(LAYOUTS)


def test_what_a_site_says_of_its_sources_reaches_the_settings(tmp_path: Path) -> None:
    said = GOOD.replace("path: extracts", "path: extracts, gaps: ['NULL', '.']")
    said += "timezone: Europe/Paris\nlists: {identity_check: age_sex}\n"
    made = config.load(write(tmp_path, said))
    assert made.extracts[0].gaps == ("NULL", ".")
    assert (made.timezone, made.lists.identity_check) == ("Europe/Paris", "age_sex")
    assert config.load(write(tmp_path, GOOD)).timezone == "Europe/London"


def test_an_edition_may_be_written_as_a_number(tmp_path: Path) -> None:
    settings = config.load(write(tmp_path, GOOD + "clinical: {imd_edition: 2025}\n"))
    assert settings.clinical.imd_edition == "2025"


def test_the_contracts_key_may_be_left_out(tmp_path: Path) -> None:
    assert config.load(write(tmp_path, GOOD.replace("contracts: data_contracts\n", ""))).contracts is None


def test_settings_cannot_be_altered(tmp_path: Path) -> None:
    settings = config.load(write(tmp_path, GOOD))
    with pytest.raises(ValidationError, match="frozen"):
        settings.title = "Another"  # type: ignore[misc]


def test_a_policy_of_the_site_lies_beside_the_configuration(tmp_path: Path) -> None:
    settings = config.load(write(tmp_path, GOOD + "pathways: {policy: ours.yaml}\n"))
    assert settings.pathways.policy == str(tmp_path / "ours.yaml")


def test_every_blank_of_a_template_is_told_at_once(tmp_path: Path) -> None:
    text = (PIPELINES / "nightly.yaml").read_text(encoding="utf-8")
    said = fault(tmp_path, text)
    blanks = ("title", "legal_basis", "approval_expires", "extracts[1].path", "output", "care_setting")
    assert f"{text.count('<')} error(s)" in said
    assert [blank for blank in blanks if f"{blank}: still to be filled in <" not in said] == []


def test_brackets_without_end_are_no_crash(tmp_path: Path) -> None:
    assert "nested too deeply" in fault(tmp_path, GOOD + "x: " + "[" * 20_000 + "\n")


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(raw=st.binary(max_size=200), at=st.integers(0, len(GOOD)))
def test_any_bytes_are_settings_or_a_refusal(tmp_path: Path, raw: bytes, at: int) -> None:
    path = tmp_path / "nightly.yaml"
    path.write_bytes(GOOD[:at].encode() + raw + GOOD[at:].encode())
    with contextlib.suppress(ConfigError):
        assert isinstance(config.load(path), config.Settings)


def test_a_key_given_twice_is_refused_with_its_line(tmp_path: Path) -> None:
    assert "line 15: the key 'title' is given twice" in fault(tmp_path, GOOD + "title: Again\n")


def test_broken_yaml_names_its_line(tmp_path: Path) -> None:
    assert "not valid YAML at line" in fault(tmp_path, GOOD + "  x: [1\n")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"absent\.yaml: no such file"):
        config.load(tmp_path / "absent.yaml")


def test_a_list_at_the_top_is_refused(tmp_path: Path) -> None:
    assert "expected 'key: value' lines" in fault(tmp_path, "- a\n- b\n")


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: path.name)
def test_a_schema_file_is_current(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == text(SCHEMAS[path]), "run tests/core/schema_files.py"


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_shipped_yaml_names_its_schema_and_keeps_to_it(path: Path) -> None:
    first = path.read_text(encoding="utf-8").splitlines()[0]
    schema = path.parent / first.removeprefix("# yaml-language-server: $schema=")
    raw = json.loads(json.dumps(config.read_yaml(path), default=str))
    validator = jsonschema.Draft202012Validator(SCHEMAS[schema])
    # an editor marks what is still to be filled in, and nothing else
    blanks = [error for error in validator.iter_errors(raw) if str(error.instance).startswith("<")]
    assert [error.message for error in validator.iter_errors(raw)] == [error.message for error in blanks]
    assert bool(blanks) == (path.name == "nightly.yaml")


def test_a_schema_finds_a_wrong_key(tmp_path: Path) -> None:
    raw = json.loads(json.dumps(config.read_yaml(PIPELINES / "demo.yaml"), default=str))
    raw["risk"]["care_seting"] = "primary_care"
    raw["extracts"][0]["layout"] = "nativ"
    found = list(jsonschema.Draft202012Validator(config.json_schema()).iter_errors(raw))
    assert {error.validator for error in found} == {"additionalProperties", "enum"}
