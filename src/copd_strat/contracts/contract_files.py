"""Contracts are files: Open Data Contract Standard YAML, checked against the standard's own schema."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from copd_strat.config import packaged_folder, read_yaml
from copd_strat.contracts.contract import MADE_HERE, Column, Contract
from copd_strat.contracts.kinds import KINDS
from copd_strat.contracts.rules import rules_of_table
from copd_strat.errors import ConfigError

SUFFIX = ".odcs.yaml"


def packaged() -> Path:
    """The folder of the contracts that come with the program."""
    return packaged_folder("data_contracts")


@cache
def standard_schema() -> dict[str, Any]:
    """The JSON Schema of the Open Data Contract Standard, as its Python package bundles it."""
    from open_data_contract_standard.model import OpenDataContractStandard

    schema = OpenDataContractStandard.json_schema()  # type: ignore[no-untyped-call]
    return dict(json.loads(schema) if isinstance(schema, str) else schema)


def load_contracts(folder: Path, layout: str) -> dict[str, Contract]:
    """Table name → contract, for every contract file of ``folder/layout``.

    Those that come with the program are not held against the standard's schema again: the tests do that, and it
    takes a second.
    """
    files = sorted((folder / layout).glob(f"*{SUFFIX}"))
    if not files:
        raise ConfigError(
            f"{folder / layout}: no data contracts",
            fix="check 'contracts' and 'layout' in the configuration",
        )
    load = own_contract if folder == packaged() else load_contract
    contracts = [load(path, layout) for path in files]
    return {contract.table: contract for contract in contracts}


def load_contract(path: Path, layout: str) -> Contract:
    """One contract; ConfigError lists every fault against the standard's schema with its place."""
    raw = read_yaml(path)
    try:
        faults = standard_faults(raw) or language_faults(raw)
        if not faults:
            return as_contract(raw, layout)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        # The standard leaves much open; what is then missing or of another kind is a fault of the file.
        faults = [f"what the program needs is missing or of another kind ({error})"]
    raise ConfigError(
        f"{path}: not a valid data contract\n" + "\n".join(f"  - {fault}" for fault in faults),
        fix="compare with data_contracts/README.md, or run 'copd-strat contracts lint'",
    )


def own_contract(path: Path, layout: str) -> Contract:
    """One contract of those that come with the program."""
    return as_contract(read_yaml(path), layout)


def as_contract(raw: dict[str, Any], layout: str) -> Contract:
    """The contract that a file's content states, with every rule that its kinds imply."""
    table = raw["schema"][0]
    extra = custom_properties(table)
    bare = Contract(
        layout=layout,
        table=table["name"],
        title=raw["name"],
        description=table["description"],
        owner=raw["team"]["name"],
        needed=bool(extra.get("needed", False)),
        columns=tuple(_column(prop, layout) for prop in table["properties"]),
        rules=(),
        key=_key(table),
        keep=tuple(extra.get("keep", ())),
        file_pattern=str(extra.get("filePattern", table["name"])),
        date_formats=tuple(extra.get("dateFormats", ("%Y-%m-%d",))),
        title_lines=int(extra.get("titleLines", 0)),
        other_encoding=extra.get("otherEncoding"),
        max_age_days=next(
            (sla["value"] for sla in raw.get("slaProperties", []) if sla["property"] == "latency"), None
        ),
        linkage_floor=extra.get("linkageFloor"),
        version=raw["version"],
        custom=extra,
    )
    return replace(bare, rules=tuple(rules_of_table(table, bare)))


def standard_faults(raw: dict[str, Any]) -> list[str]:
    """Where ``raw`` breaks the standard's JSON Schema, as 'place: what', without quoting values."""
    import jsonschema

    validator = jsonschema.Draft201909Validator(standard_schema())
    return [
        f"{'.'.join(map(str, error.absolute_path)) or 'top level'}: breaks '{error.validator}'"
        for error in sorted(validator.iter_errors(raw), key=lambda error: list(map(str, error.absolute_path)))
    ]


def language_faults(raw: dict[str, Any]) -> list[str]:
    """What the standard leaves open and a contract must have all the same."""
    tables = raw.get("schema") or []
    faults = [] if len(tables) == 1 else ["'schema' must hold exactly one table"]
    if not raw.get("name"):
        faults.append("'name' is missing")
    if not raw.get("team", {}).get("name"):
        faults.append("no owner: 'team.name' is missing")
    for table in tables:
        faults += [
            f"{table['name']}: '{part}' is missing"
            for part in ("description", "properties")
            if not table.get(part)
        ]
        for prop in table.get("properties", []):
            faults += [f"{prop['name']}: {fault}" for fault in _column_faults(prop)]
    return faults


def _column_faults(prop: dict[str, Any]) -> list[str]:
    faults = [f"'{part}' is missing" for part in ("logicalType", "description") if not prop.get(part)]
    extra = custom_properties(prop)
    if extra.get("kind") not in KINDS:
        faults.append(f"no such kind as '{extra.get('kind')}' (known: {', '.join(KINDS)})")
    return faults


def custom_properties(item: dict[str, Any]) -> dict[str, Any]:
    """Name → value of an item's custom properties."""
    return {entry["property"]: entry["value"] for entry in item.get("customProperties", [])}


def _value_set(prop: dict[str, Any]) -> tuple[Any, ...]:
    """All values that a column may hold; further rules about some of them have an id of their own."""
    for item in prop.get("quality", []):
        if item.get("id", "valid_values") == "valid_values" and "validValues" in item.get("arguments", {}):
            return tuple(item["arguments"]["validValues"])
    return ()


def _key(table: dict[str, Any]) -> tuple[str, ...]:
    """The primary key; a key with columns that may be empty is said by the metric of repeated values."""
    for item in table.get("quality", []):
        if item.get("metric") == "duplicateValues":
            return tuple(item.get("arguments", {}).get("properties", ()))
    keys = [prop for prop in table["properties"] if prop.get("primaryKey")]
    return tuple(prop["name"] for prop in sorted(keys, key=lambda prop: prop.get("primaryKeyPosition", 0)))


def _column(prop: dict[str, Any], layout: str) -> Column:
    extra = custom_properties(prop)
    kind = KINDS[extra["kind"]]
    return Column(
        name=prop["name"],
        type=prop["logicalType"],
        description=prop["description"],
        kind=extra["kind"],
        family=kind.family,
        present=bool(extra.get("present", layout in MADE_HERE or prop.get("required", False))),
        required=bool(prop.get("required", False)),
        exempt=bool(extra.get("exempt", kind.exempt)),
        aliases=tuple(extra.get("aliases", ())),
        values=_value_set(prop),
        unknown_values=tuple(extra.get("unknownValues", ())),
        decides=bool(extra.get("decides", False)),
        format=prop.get("logicalTypeOptions", {}).get("format"),
        physical=prop.get("physicalType"),
        refers_to=next((relation["to"] for relation in prop.get("relationships", ())), None),
        custom=extra,
    )
