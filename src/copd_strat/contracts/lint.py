"""Faults of data contracts: against the standard, and against what this program needs of them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from copd_strat.checks.sql_checks import CHECKS
from copd_strat.config import read_yaml
from copd_strat.contracts.contract import Contract, Rule
from copd_strat.contracts.contract_files import SUFFIX, load_contract, standard_faults
from copd_strat.errors import ConfigError
from copd_strat.quality.gate import GATE_RULES
from copd_strat.quality.guard_rules import GUARD_RULES
from copd_strat.quality.suites import TABLE_CHECKS

# Folders whose contracts describe tables the program makes, not extracts it is sent.
MADE_HERE = ("internal", "published")
SEVERITIES = ("reject_file", "reject_row", "warn")
# Broken rules are bits of one signed 64-bit number a row.
_MOST_RULES = 62


def contract_files(folder: Path) -> list[Path]:
    """All contract files below ``folder``, one folder a layout; ConfigError if there are none."""
    files = sorted(folder.glob(f"*/*{SUFFIX}"))
    if not files:
        raise ConfigError(
            f"{folder}: no data contracts", fix="name the folder that holds the layouts' folders"
        )
    return files


def lint(folder: Path) -> list[str]:
    """Every fault of every contract below ``folder``, as 'file: what is wrong'; empty if there is none."""
    faults: list[str] = []
    codes = Counter([*GUARD_RULES, *(rule.code for rule in GATE_RULES)])
    for path in contract_files(folder):
        raw = read_yaml(path)
        found = standard_faults(raw) or list(_missing_parts(raw))
        if not found:
            contract = load_contract(path, path.parent.name)
            found = list(_own_faults(contract))
            codes.update(rule.code for rule in contract.rules)
        faults += [f"{path.relative_to(folder)}: {fault}" for fault in found]
    faults += [f"rule code {code} is used {times} times" for code, times in codes.items() if times > 1]
    return faults


def _missing_parts(raw: dict[str, Any]) -> Iterator[str]:
    """What the standard leaves open and the program needs of every rule."""
    table = raw["schema"][0]
    items = [*table.get("quality", []), *(i for p in table["properties"] for i in p.get("quality", []))]
    for item in items:
        name = item.get("id") or item.get("name") or "a rule"
        for part in ("id", "name", "description", "severity"):
            if not item.get(part):
                yield f"{name}: '{part}' is missing"
        if "check" not in (item.get("implementation") or {}):
            yield f"{name}: 'implementation' names no check"
        if not any(entry.get("property") == "fix" for entry in item.get("customProperties", [])):
            yield f"{name}: no custom property 'fix'"
    if not raw.get("team", {}).get("name"):
        yield "no owner: 'team.name' is missing"


def _own_faults(contract: Contract) -> Iterator[str]:
    known = TABLE_CHECKS if contract.layout in MADE_HERE else CHECKS
    names = {column.name for column in contract.columns}
    for order in contract.keep:
        if not names & set(re.findall(r"\w+", order)):
            yield f"'keep' orders by '{order}', which names no column of the table"
    if len(contract.rules) > _MOST_RULES:
        yield f"{len(contract.rules)} rules: a table can have at most {_MOST_RULES}"
    for rule in contract.rules:
        if rule.check not in known:
            yield f"{rule.code}: no such check as '{rule.check}' (known: {', '.join(sorted(known))})"
        else:
            yield from (f"{rule.code}: {fault}" for fault in _rule_faults(rule, contract, names))


def _rule_faults(rule: Rule, contract: Contract, names: set[str]) -> Iterator[str]:
    if rule.severity not in SEVERITIES:
        yield f"severity must be one of {', '.join(SEVERITIES)}"
    if rule.check == "unique_key" and not contract.key:
        yield "unique_key needs columns with 'primaryKey: true'"
    other = rule.arguments.get("column")
    if other is not None and other not in names:
        yield f"compares with the column {other}, which the table does not have"
    if rule.check in ("one_of", "none_of") and not rule.arguments.get("values"):
        yield "'values' is missing or empty"
    if rule.check == "pattern" and not _compiles(rule.arguments.get("pattern")):
        yield "'pattern' is missing or not a regular expression"
    shares = [share for share in (rule.warn_share, rule.fail_share) if share is not None]
    if any(not 0 <= share <= 1 for share in shares) or shares != sorted(shares):
        yield "thresholds must be shares from 0 to 1, warnShare not above failShare"


def _compiles(pattern: object) -> bool:
    try:
        re.compile(str(pattern))
    except re.error:
        return False
    return pattern is not None
