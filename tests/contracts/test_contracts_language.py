"""The language of contracts: what kinds imply, what a contract changes, and what an export says of both."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from click.testing import CliRunner
from contracts_page import CONTRACTS

from copd_strat.checks import check_kinds
from copd_strat.checks.violations import violation
from copd_strat.cli import commands
from copd_strat.config import read_yaml
from copd_strat.contracts.contract import SQL_TYPES, Contract
from copd_strat.contracts.contract_files import as_contract, load_contract, standard_faults
from copd_strat.contracts.export import expanded
from copd_strat.contracts.kinds import KINDS
from copd_strat.contracts.lint import all_contracts, contract_files
from copd_strat.errors import ConfigError
from copd_strat.extracts.typed_values import typed

AS_OF = date(2026, 11, 10)


def table(columns: str, layout: str = "native", extra: str = "") -> Contract:
    """A contract of one table with these columns, in the language of data_contracts/README.md."""
    head = f"name: Things\nversion: 1.0.0\nschema:\n- name: things\n  description: Things.\n{extra}  properties:\n"
    return as_contract(yaml.safe_load(f"{head}{columns}team: {{name: somebody}}\n"), layout)


def column(name: str, kind: str, type_: str = "string", more: str = "") -> str:
    return (
        f"  - name: {name}\n    description: It.\n    logicalType: {type_}\n"
        f"    customProperties: [{{property: kind, value: {kind}}}]\n{more}"
    )


def rules(contract: Contract) -> dict[str, tuple[str, float | None, float | None]]:
    return {
        rule.code.removeprefix(f"{contract.name}."): (rule.severity, rule.warn_share, rule.fail_share)
        for rule in contract.rules
    }


def test_a_kind_implies_its_usual_checks() -> None:
    assert rules(table(column("day", "event_date", "date", "    required: true\n"))) == {
        "complete_row": ("reject_row", 0.0001, 0.01),
        "day.not_future": ("reject_row", 0.001, 0.05),
        "day.not_placeholder": ("reject_row", 0.001, 0.05),
        "day.readable": ("reject_row", 0.001, 0.05),
        "day.required": ("reject_row", 0.001, 0.05),
    }


def test_dates_are_held_against_births_where_the_table_is_linked_to_patients() -> None:
    person = column("who", "person_id", more="    relationships: [{to: patients.patient_id}]\n")
    found = rules(table(person + column("day", "event_date", "date")))
    assert found["who.known_patient"] == ("warn", 0.9, None)
    assert found["day.not_before_birth"] == ("reject_row", 0.001, 0.05)


def test_an_optional_value_that_is_wrong_costs_only_itself() -> None:
    bounds = "    logicalTypeOptions: {maximum: 40}\n"
    assert rules(table(column("cat", "amount", "number", bounds)))["cat.maximum"][0] == "set_aside_value"
    needed = rules(table(column("cat", "amount", "number", f"    required: true\n{bounds}")))
    assert needed["cat.maximum"][0] == needed["cat.minimum"][0] == "reject_row"


def test_a_contract_changes_what_is_usual() -> None:
    more = """    quality:
    - type: custom
      engine: copd-strat
      implementation: not_future
      severity: warn
      description: Days to come.
      customProperties: [{property: warnShare, value: 0.2}]
    - {id: not_before_other, type: custom, engine: x, implementation: {check: not_before, column: day}}
"""
    contract = table(column("day", "date", "date", more))
    changed = next(contract.rules_of("not_future"))
    assert (changed.severity, changed.warn_share, changed.fail_share) == ("warn", 0.2, None)
    assert changed.description == "Days to come."
    assert next(contract.rules_of("not_before")).code == "native.things.day.not_before_other"


def test_a_column_that_decides_stops_the_run_early() -> None:
    more = """    - {property: decides, value: true}
    quality:
    - metric: invalidValues
      arguments: {validValues: ['1', '2', '9']}
      mustBe: 0
"""
    plain = column("sex", "category", more=more).replace(
        "customProperties: [{property: kind, value: category}]",
        "customProperties:\n    - {property: kind, value: category}",
    )
    contract = table(plain)
    rule = next(contract.rules_of("valid_values"))
    assert (rule.severity, rule.fail_share, rule.fail_rows) == ("set_aside_value", 0.02, 5)
    assert contract.column("sex").values == ("1", "2", "9")


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("count", {"n.minimum"}), ("share", {"n.minimum", "n.maximum"}), ("number", set())],
)
def test_published_tables_tolerate_nothing_and_others_what_one_person_can_break(
    kind: str, expected: set[str]
) -> None:
    found = rules(table(column("n", kind, "number"), "published"))
    assert set(found) == expected
    assert set(found.values()) <= {("reject_file", None, None)}
    own = table(column("n", kind, "number"), "internal")
    assert {(rule.warn_share, rule.fail_share, rule.fail_rows) for rule in own.rules} <= {(0.0, 0.001, 5)}


def test_every_kind_is_used_and_names_checks_that_exist() -> None:
    used = {column.kind for contract in all_contracts(CONTRACTS) for column in contract.columns}
    assert used == set(KINDS)
    implied = {item.check for kind in KINDS.values() for item in (*kind.extract, *kind.made)}
    assert implied <= set(check_kinds())


def test_every_check_kind_is_used_and_says_what_it_means() -> None:
    used = {rule.check for contract in all_contracts(CONTRACTS) for rule in contract.rules}
    assert used == set(check_kinds())
    assert all(kind.meaning and kind.counts and kind.fix for kind in check_kinds().values())


@pytest.mark.parametrize(
    "path", contract_files(CONTRACTS), ids=lambda path: f"{path.parent.name}-{path.stem}"
)
def test_an_expanded_contract_says_the_same(path: Path) -> None:
    contract = load_contract(path, path.parent.name)
    full: dict[str, Any] = yaml.safe_load(yaml.safe_dump(expanded(path)))
    assert standard_faults(full) == []
    again = as_contract(full, path.parent.name)
    assert again.rules == contract.rules
    names = ("name", "type", "present", "required", "exempt", "aliases", "values", "decides")
    assert [[getattr(c, n) for n in names] for c in again.columns] == [
        [getattr(c, n) for n in names] for c in contract.columns
    ]
    stated = [full["schema"][0], *full["schema"][0]["properties"]]
    assert sum(len(item.get("quality", ())) for item in stated) == len(contract.rules)


@pytest.mark.parametrize("layout", ["native", "nhse", "cprd_aurum", "emis", "omop", "tpp"])
def test_a_condition_is_never_unknown(layout: str) -> None:
    """Of a row of gaps and of a row of nonsense every condition is true or false, whatever the type."""
    for contract in all_contracts(CONTRACTS):
        if contract.layout != layout:
            continue
        for raw in ("CAST(NULL AS VARCHAR)", "'nonsense'"):
            texts = ", ".join(f"{raw} AS {c.name}" for c in contract.columns)
            fields = ", ".join(
                f"{c.name} := {typed(c, 'VARCHAR', contract.date_formats)}" for c in contract.columns
            )
            conditions = [violation(rule, contract, AS_OF, "VARCHAR") for rule in contract.rules]
            row = duckdb.sql(
                f"SELECT [{', '.join(conditions)}] FROM (SELECT r, struct_pack({fields}) AS t "
                f"FROM (SELECT {texts}) r) "
                "LEFT JOIN (SELECT 'x' AS patient_id, 1950 AS birth_year, FALSE AS left_out) p ON FALSE"
            ).fetchone()
            assert row is not None
            assert None not in row[0]


def test_every_column_type_has_an_sql_type() -> None:
    used = {column.type for contract in all_contracts(CONTRACTS) for column in contract.columns}
    assert used == set(SQL_TYPES)


def test_a_supplier_gets_the_contracts_of_a_layout(tmp_path: Path) -> None:
    runner, out = CliRunner(), str(tmp_path / "out")
    arguments = ["contracts", "export", "--folder", str(CONTRACTS), "-o", out]
    full = runner.invoke(commands, [*arguments, "--expanded", "nhse"])
    assert full.exit_code == 0, full.output
    text = (tmp_path / "out" / "nhse" / "hes_apc.odcs.yaml").read_text(encoding="utf-8")
    assert "id: not_placeholder" in text
    assert not (tmp_path / "out" / "native").exists()
    plain = runner.invoke(commands, [*arguments, "nhse"])
    assert plain.exit_code == 0, plain.output
    same = (tmp_path / "out" / "nhse" / "hes_apc.odcs.yaml").read_bytes()
    assert same == (CONTRACTS / "nhse" / "hes_apc.odcs.yaml").read_bytes()
    nobody = runner.invoke(commands, [*arguments, "nobody"])
    assert isinstance(nobody.exception, ConfigError)


@pytest.mark.parametrize("part", ["properties", "name", "description"])
@pytest.mark.parametrize("value", ["gone", None, 7, []])
def test_a_site_s_contract_without_what_the_program_needs_is_refused(
    tmp_path: Path, part: str, value: object
) -> None:
    """Kept from fuzzing: the standard lets a table have no columns."""
    raw = read_yaml(CONTRACTS / "native" / "deaths.odcs.yaml")
    if value == "gone":
        del raw["schema"][0][part]
    else:
        raw["schema"][0][part] = value
    path = tmp_path / "deaths.odcs.yaml"
    path.write_text(yaml.safe_dump(raw), encoding="utf-8")
    with pytest.raises(ConfigError, match="not a valid data contract"):
        load_contract(path, "native")
