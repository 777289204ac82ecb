"""Contracts keep the standard and the program's own rules, and every rule can be explained."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml
from contracts_page import CONTRACTS, PAGE

from copd_strat.contracts import documentation
from copd_strat.contracts.contract_files import load_contracts, standard_faults
from copd_strat.contracts.lint import contract_files, lint
from copd_strat.contracts.rule_codes import full_code
from copd_strat.errors import ConfigError
from copd_strat.quality.program_rules import PROGRAM_RULES


@pytest.mark.parametrize(
    "path", contract_files(CONTRACTS), ids=lambda path: f"{path.parent.name}-{path.stem}"
)
def test_every_contract_keeps_the_standard(path: Path) -> None:
    assert standard_faults(yaml.safe_load(path.read_text(encoding="utf-8"))) == []


def test_every_contract_keeps_our_own_rules() -> None:
    assert lint(CONTRACTS) == []


@pytest.mark.parametrize(
    ("before", "after", "fault"),
    [
        ("kind: DataContract", "kind: Nonsense", "kind: breaks 'enum'"),
        ("logicalType: string", "logicalType: banana", "breaks 'enum'"),
        ("value: birth_year}", "value: birthyear}", "no such kind as 'birthyear'"),
        ("property: decides", "property: decide", "no such custom property as 'decide'"),
        ("check: not_before,", "check: not_befor,", "no such check as"),
        ("metric: invalidValues", "metric: rowCount", "no such check as 'rowCount'"),
        ("[female, male, indeterminate, unknown]}", "[]}", "'validValues' is empty"),
        ("unknownValues, value: [unknown]", "unknownValues, value: [none]", "must be among the valid values"),
        ("pattern: '^[A-Z][0-9A-Z]", "pattern: '^[A-Z[0-9A-Z(", "not a regular expression"),
        ("mustBe: 0\n  - name", "mustBe: 0\n      severity: worry\n  - name", "severity must be one of"),
        ("registration_end desc nulls first", "leaving_date", "names no column of the table"),
        ("column: registration_start", "column: start", "compares with the column start"),
        (
            "column: birth_year}",
            "column: birth_year}\n      id: another",
            "'id' must be not_before_birth_year",
        ),
        ("    required: true\n", "    required: true\n    unique: true\n", "an extract has a 'primaryKey'"),
        ("team: {name: Sender of the extract}", "team: {}", "'team.name' is missing"),
        ("id: copd-strat.native.patients", "id: copd-strat.native.people", "'id' must be copd-strat.native"),
        ("- name: birth_month", "- name: birth_year", "column birth_year stands 2 times"),
        (
            "mustBe: 0\n  - name",
            "mustBe: 0\n      customProperties: [{property: warnShare, value: 5}]\n  - name",
            "thresholds must be shares",
        ),
    ],
)
def test_lint_sees(tmp_path: Path, before: str, after: str, fault: str) -> None:
    (tmp_path / "native").mkdir()
    copy = tmp_path / "native" / "patients.odcs.yaml"
    text = (CONTRACTS / "native" / "patients.odcs.yaml").read_text(encoding="utf-8")
    assert before in text
    copy.write_text(text.replace(before, after), encoding="utf-8")
    assert any(fault in found for found in lint(tmp_path)), lint(tmp_path)


def test_an_extract_has_no_more_rules_than_a_row_has_bits(tmp_path: Path) -> None:
    text = (CONTRACTS / "native" / "deaths.odcs.yaml").read_text(encoding="utf-8")
    column = "  - name: day_{n}\n    description: A day.\n    logicalType: date\n{kind}"
    kind = "    customProperties: [{property: kind, value: date}]\n"
    columns = "".join(column.format(n=n, kind=kind) for n in range(30))
    (tmp_path / "native").mkdir()
    (tmp_path / "native" / "deaths.odcs.yaml").write_text(text.replace("team:", f"{columns}team:"), "utf-8")
    assert any("an extract can have at most 62" in fault for fault in lint(tmp_path)), lint(tmp_path)


def test_a_folder_without_contracts_is_said_to_be_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no data contracts"):
        lint(tmp_path)


def test_every_rule_is_listed_and_the_codes_are_unique() -> None:
    codes = [row.code for row in documentation.rows(CONTRACTS, PROGRAM_RULES)]
    assert len(codes) == len(set(codes))
    assert {
        "native.patients.practice_id.pattern",
        "native.prescriptions.issue_date.not_future",
        "internal.features.age.mean_between",
        "GATE01",
        "GRD01",
    } <= set(codes)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("native.patients.practice_id.pattern", ("practice_id", "stops above 5 % of rows", "what to do")),
        ("NATIVE.Patients.sex.valid_values", ("stops above 2 % of rows", "female, male")),
        ("prescriptions.dmd_code.intact_id", ("native.prescriptions.dmd_code.intact_id", "spreadsheet")),
        ("prescriptions.complete_row", ("native.prescriptions.complete_row", "as many fields")),
        ("features.age.minimum", ("stops above 0.1 % of rows, from 5 rows on",)),
        ("features.age.required", ("stops above any row",)),
        ("GATE02", ("nor quarantined",)),
        ("grd06", ("guard.min_month_share",)),
    ],
)
def test_a_rule_is_explained(tmp_path: Path, code: str, words: tuple[str, ...]) -> None:
    for layout in ("native", "internal"):
        shutil.copytree(CONTRACTS / layout, tmp_path / layout)
    text = documentation.explain(tmp_path, code, PROGRAM_RULES)
    for word in words:
        assert word in text


def test_an_unknown_code_is_refused() -> None:
    with pytest.raises(ConfigError, match="no rule has the code"):
        documentation.explain(CONTRACTS, "XYZ999", PROGRAM_RULES)


def test_a_short_code_of_several_rules_names_them() -> None:
    with pytest.raises(ConfigError, match=r"could be 2 rules: .*gp_events\.event_date\.not_future"):
        full_code("not_future", ["native.gp_events.event_date.not_future", "native.deaths.day.not_future"])
    assert full_code("gp_events.not_future", ["native.gp_events.x.not_future"]).startswith("native.gp_events")


def test_the_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == documentation.page(CONTRACTS, PROGRAM_RULES), (
        "run: python tests/contracts/contracts_page.py"
    )


@pytest.mark.parametrize(
    "column",
    [
        "native.deaths.death_date",
        "omop.death.death_date",
        "nhse.deaths.REG_DATE_OF_DEATH",
        "cprd_aurum.death_patient.dod",
    ],
)
def test_a_death_is_known_whatever_its_day_looks_like(column: str) -> None:
    """A row of a register of deaths is never lost for its date (docs/decisions.md §39)."""
    layout, table, name = column.split(".")
    rules = [rule for rule in load_contracts(CONTRACTS, layout)[table].rules if rule.column == name]
    assert {rule.severity for rule in rules} == {"set_aside_value"}
    assert "required" not in {rule.check for rule in rules}
