"""Contracts keep the standard and the program's own rules, and every rule can be explained."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml
from contracts_page import CONTRACTS, PAGE
from copd_strat.checks.sql_checks import CHECKS

from copd_strat.contracts import documentation
from copd_strat.contracts.contract_files import standard_faults
from copd_strat.contracts.lint import contract_files, lint
from copd_strat.errors import ConfigError
from copd_strat.quality.suites import TABLE_CHECKS


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
        ("check: pattern", "check: patern", "no such check as 'patern'"),
        ("id: PAT006", "id: PAT005", "rule code PAT005 is used 2 times"),
        ("property: fix", "property: mended", "no custom property 'fix'"),
        ("value: 0.05", "value: 5", "thresholds must be shares"),
        ("pattern: ^[A-Z]", "pattern: '^[A-Z'\n        was: ^", "not a regular expression"),
        ("severity: warn", "severity: worry", "severity must be one of"),
        ("- registration_end desc nulls first", "- leaving_date", "names no column of the table"),
        ("column: registration_start", "column: start", "compares with the column start"),
        ("primaryKey: true", "primaryKey: false", "unique_key needs columns"),
    ],
)
def test_lint_sees(tmp_path: Path, before: str, after: str, fault: str) -> None:
    (tmp_path / "native").mkdir()
    copy = tmp_path / "native" / "patients.odcs.yaml"
    text = (CONTRACTS / "native" / "patients.odcs.yaml").read_text(encoding="utf-8")
    assert before in text
    copy.write_text(text.replace(before, after), encoding="utf-8")
    assert any(fault in found for found in lint(tmp_path)), lint(tmp_path)


def test_a_folder_without_contracts_is_said_to_be_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no data contracts"):
        lint(tmp_path)


def test_every_check_has_a_meaning() -> None:
    assert set(documentation.CHECK_MEANINGS) == CHECKS | TABLE_CHECKS


def test_every_rule_is_listed_and_the_codes_are_unique() -> None:
    codes = [row.code for row in documentation.rows(CONTRACTS)]
    assert len(codes) == len(set(codes))
    assert {"PAT006", "FEA008", "SCO003", "DIS004", "GATE01", "GRD01"} <= set(codes)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("pat006", ("practice_id", "stops above 5 % of rows", "what to do")),
        ("FEA006", ("stops above any row", "younger than 35")),
        ("GATE02", ("nor quarantined",)),
        ("GRD06", ("guard.min_month_share",)),
    ],
)
def test_a_rule_is_explained(tmp_path: Path, code: str, words: tuple[str, ...]) -> None:
    for layout in ("native", "internal"):
        shutil.copytree(CONTRACTS / layout, tmp_path / layout)
    text = documentation.explain(tmp_path, code)
    for word in words:
        assert word in text


def test_an_unknown_code_is_refused() -> None:
    with pytest.raises(ConfigError, match="no rule has the code"):
        documentation.explain(CONTRACTS, "XYZ999")


def test_the_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == documentation.page(CONTRACTS), (
        "run: python tests/contracts/contracts_page.py"
    )
