"""Contracts with every implied rule written out: for suppliers, and for tools that do not know our kinds."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from copd_strat.checks import check_kind
from copd_strat.checks.violations import query
from copd_strat.config import read_yaml
from copd_strat.contracts.contract import Contract, Rule
from copd_strat.contracts.contract_files import as_contract, custom_properties

# Rules that the standard says in words of its own, beside the quality items.
_OPTIONS = ("minimum", "maximum", "pattern")
# The standard gives fields in this order; so do we.
_ITEM_ORDER = (
    "id",
    "type",
    "metric",
    "arguments",
    "query",
    "mustBe",
    "mustBeLessOrEqualTo",
    "unit",
    "engine",
    "implementation",
    "severity",
    "dimension",
    "description",
    "customProperties",
)


def expanded(path: Path) -> dict[str, Any]:
    """The contract of the file ``path`` with all its rules; reading it again gives the same contract."""
    raw = read_yaml(path)
    contract = as_contract(raw, path.parent.name)
    table = raw["schema"][0]
    by_column: dict[str | None, list[Rule]] = {}
    for rule in contract.rules:
        by_column.setdefault(rule.column, []).append(rule)
    properties = [_property(prop, by_column.get(prop["name"], []), contract) for prop in table["properties"]]
    whole = {
        **table,
        "quality": [_item(rule, contract) for rule in by_column.get(None, [])],
        "properties": properties,
    }
    return {**raw, "schema": [_ordered(whole, ("name", "description", "customProperties", "quality"))]}


def write_expanded(files: Iterable[Path], out: Path) -> list[Path]:
    """Write the expanded contracts below ``out``, one folder a layout; their paths."""
    written = []
    for path in files:
        target = out / path.parent.name / path.name
        target.parent.mkdir(parents=True, exist_ok=True)
        text = yaml.safe_dump(expanded(path), sort_keys=False, allow_unicode=True, width=100)
        target.write_text(text, encoding="utf-8")
        written.append(target)
    return written


def _property(prop: dict[str, Any], rules: list[Rule], contract: Contract) -> dict[str, Any]:
    """A column with its bounds where the standard keeps them, and a quality item a rule."""
    column = contract.column(prop["name"])
    plain = {rule.check: rule for rule in rules if rule.code.endswith(f".{rule.check}")}
    options = dict(prop.get("logicalTypeOptions", {}))
    options |= {name: _plain(plain[name].arguments[name]) for name in _OPTIONS if name in plain}
    said = {"present": column.present, "exempt": column.exempt} | custom_properties(prop)
    return (
        {name: value for name, value in prop.items() if name not in ("customProperties", "quality")}
        | ({"logicalTypeOptions": options} if options else {})
        | {"customProperties": [{"property": name, "value": value} for name, value in said.items()]}
        | ({"quality": [_item(rule, contract) for rule in rules]} if rules else {})
    )


def _item(rule: Rule, contract: Contract) -> dict[str, Any]:
    """One rule; what the standard has no word for is said as a query where it has one, and by its name."""
    kind = check_kind(rule.check)
    stated = _plain(kind.written(rule, contract))
    extra: dict[str, Any] = {"fix": rule.fix, "warnShare": rule.warn_share, "failRows": rule.fail_rows}
    # Of a metric that stands twice on a column tools count one only: the second is said as a query too.
    said = rule.code.endswith(f".{rule.check}") and ("metric" in stated or rule.check in _OPTIONS)
    asked = None if said else query(rule, contract)
    if asked is not None:
        extra["implementation"] = _plain({"check": rule.check, **rule.arguments})
        stated = {"type": "sql", "query": asked, "mustBe": 0}
    if "metric" not in stated or "mustBe" in stated:
        extra["failShare"] = rule.fail_share
    elif rule.fail_share is None:
        stated["mustBe"] = 0
    else:
        stated |= {"mustBeLessOrEqualTo": round(100 * rule.fail_share, 6), "unit": "percent"}
    item = {
        **stated,
        "id": rule.code.rsplit(".", 1)[-1],
        "severity": rule.severity,
        "dimension": kind.dimension,
        "description": rule.description,
        "customProperties": [
            {"property": name, "value": value} for name, value in extra.items() if value is not None
        ],
    }
    return _ordered(item, _ITEM_ORDER)


def _ordered(item: dict[str, Any], order: tuple[str, ...]) -> dict[str, Any]:
    first = {name: item[name] for name in order if name in item}
    return first | item


def _plain(value: Any) -> Any:
    """Dates as the standard writes them; all else as it is."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    return value
