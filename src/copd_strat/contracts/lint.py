"""Faults of data contracts: against the standard, and against what this program needs of them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from copd_strat.checks import check_kind
from copd_strat.config import read_yaml
from copd_strat.contracts.contract import Column, Contract, Rule
from copd_strat.contracts.contract_files import (
    SUFFIX,
    as_contract,
    custom_properties,
    language_faults,
    load_contract,
    standard_faults,
)
from copd_strat.contracts.language import COLUMN_PROPERTIES, RULE_PROPERTIES, TABLE_PROPERTIES
from copd_strat.errors import ConfigError

SEVERITIES = ("reject_file", "reject_row", "set_aside_value", "warn")
# Broken rules of a row are bits of one signed 64-bit number.
MOST_RULES = 62


def contract_files(folder: Path) -> list[Path]:
    """All contract files below ``folder``, one folder a layout; ConfigError if there are none."""
    files = sorted(folder.glob(f"*/*{SUFFIX}"))
    if not files:
        raise ConfigError(
            f"{folder}: no data contracts", fix="name the folder that holds the layouts' folders"
        )
    return files


def all_contracts(folder: Path) -> list[Contract]:
    """Every contract below ``folder``, in the order of the files."""
    return [load_contract(path, path.parent.name) for path in contract_files(folder)]


def lint(folder: Path) -> list[str]:
    """Every fault of every contract below ``folder``, as 'file: what is wrong'; empty if there is none."""
    faults: list[str] = []
    for path in contract_files(folder):
        raw = read_yaml(path)
        found = standard_faults(raw) or language_faults(raw) or [*_unknown_properties(raw), *_empty_keys(raw)]
        if not found:
            try:
                found = list(_own_faults(as_contract(raw, path.parent.name)))
            except ConfigError as error:
                found = [error.problem]
        faults += [f"{path.relative_to(folder)}: {fault}" for fault in [*found, *_misplaced(path, raw)]]
    return faults


def _misplaced(path: Path, raw: dict[str, Any]) -> Iterator[str]:
    """A contract's id names its place: a copy that was not renamed would be told by another's name."""
    wanted = f"copd-strat.{path.parent.name}.{path.name.removesuffix(SUFFIX)}"
    if raw.get("id") != wanted:
        yield f"'id' must be {wanted}, as the file is called"


def _empty_keys(raw: dict[str, Any]) -> Iterator[str]:
    """The standard's primary key is never empty: a tool that reads it so would find faults that are none."""
    for prop in raw["schema"][0]["properties"]:
        if prop.get("primaryKey") and not prop.get("required"):
            yield f"{prop['name']}: a primary key must be required; otherwise use the metric duplicateValues"


def _unknown_properties(raw: dict[str, Any]) -> Iterator[str]:
    """Custom properties that nothing reads: a word misspelt is a check that is not made."""
    table = raw["schema"][0]
    yield from _unknown(table, TABLE_PROPERTIES, table["name"])
    for item in table.get("quality", []):
        yield from _unknown(item, RULE_PROPERTIES, table["name"])
    for prop in table["properties"]:
        yield from _unknown(prop, COLUMN_PROPERTIES, prop["name"])
        for item in prop.get("quality", []):
            yield from _unknown(item, RULE_PROPERTIES, prop["name"])


def _unknown(item: dict[str, Any], known: dict[str, str], place: str) -> Iterator[str]:
    for name in custom_properties(item):
        if name not in known:
            yield f"{place}: no such custom property as '{name}' (known: {', '.join(known)})"


def _own_faults(contract: Contract) -> Iterator[str]:
    names = {column.name for column in contract.columns}
    for name, times in Counter(column.name for column in contract.columns).items():
        if times > 1:
            yield f"column {name} stands {times} times"
    for order in contract.keep:
        if not names & set(re.findall(r"\w+", order)):
            yield f"'keep' orders by '{order}', which names no column of the table"
    if not contract.made_here and len(contract.rules) > MOST_RULES:
        yield f"{len(contract.rules)} rules: an extract can have at most {MOST_RULES}"
    for name in set(contract.key) - names:
        yield f"the key names {name}, which the table does not have"
    for column in contract.columns:
        yield from (f"{column.name}: {fault}" for fault in _column_faults(column))
    for rule in contract.rules:
        yield from (f"{rule.code}: {fault}" for fault in _rule_faults(rule, contract))


def _column_faults(column: Column) -> Iterator[str]:
    if column.decides and not column.values:
        yield "'decides' needs the column's valid values"
    if set(column.unknown_values) - set(column.values):
        yield "'unknownValues' must be among the valid values"
    if column.custom.get("severity", "warn") not in SEVERITIES:
        yield f"'severity' must be one of {', '.join(SEVERITIES)}"


def _rule_faults(rule: Rule, contract: Contract) -> Iterator[str]:
    kind = check_kind(rule.check)
    yield from kind.lint(rule, contract)
    last = rule.code.rsplit(".", 1)[-1]
    if last != rule.check and not last.startswith(f"{rule.check}_"):
        yield f"'id' must be {rule.check}, or {rule.check}_ and a variant"
    if rule.severity not in SEVERITIES:
        yield f"severity must be one of {', '.join(SEVERITIES)}"
    if contract.made_here and not kind.judges_made_tables:
        yield f"{rule.check} judges extracts only"
    shares = [share for share in (rule.warn_share, rule.fail_share) if share is not None]
    if any(not 0 <= share <= 1 for share in shares) or shares != sorted(shares):
        yield "thresholds must be shares from 0 to 1, warnShare not above failShare"
