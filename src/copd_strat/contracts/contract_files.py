"""Contracts are files: Open Data Contract Standard YAML, checked against the standard's own schema."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from copd_strat.config import read_yaml
from copd_strat.contracts.contract import Column, Contract, Rule
from copd_strat.errors import ConfigError

ENGINE = "copd-strat"
SUFFIX = ".odcs.yaml"


def packaged() -> Path:
    """The folder of the contracts that come with the program.

    An installed program carries them inside its package; in a checkout they stand at the top level, where
    people look for them (setup.py maps one to the other).
    """
    package = Path(str(files("copd_strat")))
    inside = package / "data_contracts"
    return inside if inside.is_dir() else package.parents[1] / "data_contracts"


@cache
def standard_schema() -> dict[str, Any]:
    """The JSON Schema of the Open Data Contract Standard, as its Python package bundles it."""
    from open_data_contract_standard.model import OpenDataContractStandard

    schema = OpenDataContractStandard.json_schema()  # type: ignore[no-untyped-call]
    return dict(json.loads(schema) if isinstance(schema, str) else schema)


def load_contracts(folder: Path, layout: str) -> dict[str, Contract]:
    """Table name → contract, for every contract file of ``folder/layout``."""
    files = sorted((folder / layout).glob(f"*{SUFFIX}"))
    if not files:
        raise ConfigError(
            f"{folder / layout}: no data contracts",
            fix="check 'contracts' and 'layout' in the configuration",
        )
    contracts = [load_contract(path, layout) for path in files]
    return {contract.table: contract for contract in contracts}


def load_contract(path: Path, layout: str) -> Contract:
    """One contract; ConfigError lists every fault against the standard's schema with its place."""
    raw = read_yaml(path)
    faults = standard_faults(raw)
    if faults:
        raise ConfigError(
            f"{path}: not a valid data contract\n" + "\n".join(f"  - {fault}" for fault in faults),
            fix="compare with the Open Data Contract Standard, or run 'copd-strat contracts lint'",
        )
    table = raw["schema"][0]
    extra = _custom(table)
    properties = table["properties"]
    rules = [_rule(item, None) for item in table.get("quality", [])]
    for prop in properties:
        rules += [_rule(item, prop["name"]) for item in prop.get("quality", [])]
    return Contract(
        layout=layout,
        table=table["name"],
        title=raw["name"],
        owner=raw["team"]["name"],
        needed=bool(extra.get("needed", False)),
        columns=tuple(_column(prop) for prop in properties),
        rules=tuple(sorted(rules, key=lambda rule: rule.code)),
        key=tuple(prop["name"] for prop in properties if prop.get("primaryKey")),
        keep=tuple(extra.get("keep", ())),
        file_pattern=str(extra.get("filePattern", table["name"])),
        date_formats=tuple(extra.get("dateFormats", ("%Y-%m-%d",))),
        title_lines=int(extra.get("titleLines", 0)),
        max_age_days=next(
            (sla["value"] for sla in raw.get("slaProperties", []) if sla["property"] == "latency"), None
        ),
    )


def standard_faults(raw: dict[str, Any]) -> list[str]:
    """Where ``raw`` breaks the standard's JSON Schema, as 'place: what', without quoting values."""
    import jsonschema

    validator = jsonschema.Draft201909Validator(standard_schema())
    return [
        f"{'.'.join(map(str, error.absolute_path)) or 'top level'}: breaks '{error.validator}'"
        for error in sorted(validator.iter_errors(raw), key=lambda error: list(map(str, error.absolute_path)))
    ]


def _custom(item: dict[str, Any]) -> dict[str, Any]:
    return {entry["property"]: entry["value"] for entry in item.get("customProperties", [])}


def _column(prop: dict[str, Any]) -> Column:
    extra = _custom(prop)
    return Column(
        name=prop["name"],
        type=prop["logicalType"],
        description=prop.get("description", ""),
        present=bool(extra.get("present", prop.get("required", False))),
        required=bool(prop.get("required", False)),
        exempt=bool(extra.get("exempt", False)),
        kind=str(extra.get("kind", "text")),
        aliases=tuple(extra.get("aliases", ())),
    )


def _rule(item: dict[str, Any], column: str | None) -> Rule:
    extra = _custom(item)
    implementation = dict(item["implementation"])
    return Rule(
        code=item["id"],
        name=item["name"],
        check=implementation.pop("check"),
        column=column,
        severity=item["severity"],
        description=item["description"],
        fix=extra["fix"],
        arguments=implementation,
        warn_share=extra.get("warnShare"),
        fail_share=extra.get("failShare"),
    )
