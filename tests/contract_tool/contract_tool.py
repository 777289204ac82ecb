"""Does another tool of the standard read our contracts as we do? ``make contract-tool`` runs this.

For every contract a typed Parquet file with gaps as NULL is made up, full of values on both sides of every
bound. The program counts the rows that break each rule, datacontract-cli counts them from the exported
contract, in an environment of its own; any difference is a failure, and so is a rule that nothing breaks.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from copd_strat.checks import check_kind
from copd_strat.checks.violations import query, violation
from copd_strat.contracts.contract import SQL_TYPES, Column, Contract
from copd_strat.contracts.contract_files import load_contract
from copd_strat.contracts.export import write_expanded
from copd_strat.contracts.lint import contract_files
from copd_strat.quality.gx_runner import run_suite
from copd_strat.quality.suites import arguments, plain_frame

HERE = Path(__file__).parent
CONTRACTS = HERE.parents[1] / "data_contracts"
ROWS, FEWEST_CHECKS = 400, 4
AS_OF = date(2026, 11, 10)
ARROW = {
    "string": pa.string(),
    "date": pa.date32(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
}
# The tool's words for the rules whose counts must agree.
SAME = {
    "field_required": "required",
    "field_null_values": "required",
    "field_minimum": "minimum",
    "field_maximum": "maximum",
    "field_regex": "pattern",
    "field_invalid_values": "valid_values",
    "field_unique": "unique",
    "field_primary_key_unique": "unique",
    "primary_key_unique": "unique",
    "model_duplicate_values": "unique",
}
OUTSIDE = {"minimum": -1, "maximum": 1}
COMPARED = set(SAME.values())
TEXTS = ("A81001", "12345", "J440", "1950-03", "RX1", "#", "1.23457E+15", "none of these", "2026-10", "all")


def pool(column: Column, contract: Contract) -> list[Any]:
    """Values for a column: ordinary ones, and those just inside and outside of what its rules allow."""
    stated = [rule.arguments for rule in contract.rules if rule.column == column.name]
    bounds = [value for known in stated for name, value in known.items() if name in ("minimum", "maximum")]
    listed = [
        value for known in stated for value in (*known.get("validValues", ()), *known.get("values", ()))
    ]
    if column.type == "date":
        edges = [bound + timedelta(days=step) for bound in bounds for step in (-1, 0, 1)]
        return [date(9999, 12, 31), date(1901, 1, 1), date(2015, 6, 1), date(2026, 1, 31), *edges]
    if column.type == "boolean":
        return [True, False]
    if column.type == "string":
        return [*listed, *TEXTS]
    edges = [bound + step for bound in bounds for step in (-1, 0, 1)]
    return [*edges, *listed, 0, 3, 1950]


def frame(contract: Contract, seed: int) -> pd.DataFrame:
    """``ROWS`` rows: gaps and odd values in every column; some keys repeated, none of them with a gap."""
    chance = random.Random(seed)
    keys = {*contract.key, *(rule.column for rule in contract.rules_of("unique") if rule.column)}
    columns: dict[str, list[Any]] = {}
    for column in contract.columns:
        values = [None, *pool(column, contract)]
        columns[column.name] = (
            [key_value(column, row, contract) for row in range(ROWS)]
            if column.name in keys
            else [chance.choice(values) for _ in range(ROWS)]
        )
    return pd.DataFrame(columns, dtype=object)


def key_value(column: Column, row: int, contract: Contract) -> Any:
    """Of a key: the last 40 rows repeat the first ones; odd values stand in rows that repeat nothing."""
    place = list(contract.key).index(column.name) if column.name in contract.key else 0
    odd = [*([None] if column.required else []), *odd_keys(column, contract)]
    if 0 <= row - 100 - 20 * place < len(odd):
        return odd[row - 100 - 20 * place]
    number = row % (ROWS - 40)
    if column.values:
        return column.values[number % len(column.values)]
    by_type = {
        "string": f"A8{number:04d}",
        "date": date(2020, 1, 1) + timedelta(days=number),
        "integer": number,
        "number": float(number),
        "boolean": bool(number % 2),
    }
    return by_type[column.type]


def odd_keys(column: Column, contract: Contract) -> list[Any]:
    """Different values of a key that break the rules of its column."""
    bounds = [rule for rule in contract.rules if rule.column == column.name and rule.check in OUTSIDE]
    step = timedelta(days=1) if column.type == "date" else 1
    outside = [rule.arguments[rule.check] + OUTSIDE[rule.check] * step for rule in bounds]
    return [*outside, *(["#", "1.23457E+15", "none of these"] if column.type == "string" else [])]


def our_counts(contract: Contract, path: Path, rows: pd.DataFrame) -> dict[str, int]:
    """Rule code → rows of the typed file that break it, by the program's own conditions and expectations."""
    typed = ", ".join(f'"{c.name}" := r."{c.name}"' for c in contract.columns)
    source = f"(SELECT r, struct_pack({typed}) AS t FROM (SELECT * FROM '{path}') r)"
    counts = {}
    for rule in contract.rules:
        kind = check_kind(rule.check)
        if rule.check == "unique":
            expected = kind.expectation(rule, contract, arguments(rule.code, "fail"))
            counts[rule.code] = int(
                run_suite(plain_frame(rows, contract), [expected])[0].observed["breaking"]
            )
        elif rule.check in COMPARED or query(rule, contract):
            condition = violation(rule, contract, AS_OF, SQL_TYPES[contract.column(str(rule.column)).type])
            found = duckdb.sql(f"SELECT count(*) FILTER (WHERE {condition}) FROM {source}").fetchone()
            counts[rule.code] = found[0] if found else 0
    return counts


def make_data(path: Path, contract: Contract, seed: int) -> dict[str, int]:
    """Write the contract's Parquet file beside it and name it in the contract; our counts of it."""
    rows = frame(contract, seed)
    data = path.with_suffix(".parquet")
    fields = [pa.array(rows[c.name].tolist(), ARROW[c.type]) for c in contract.columns]
    pq.write_table(pa.table(fields, names=[c.name for c in contract.columns]), data)
    raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    raw["servers"] = [{"server": "here", "type": "local", "path": str(data), "format": "parquet"}]
    path.write_text(yaml.safe_dump(raw, sort_keys=False), encoding="utf-8")
    return our_counts(contract, data, rows)


def code_of(check: dict[str, Any], table: str) -> str | None:
    """The rule that a check of the tool is about, if it is about one of ours."""
    name = check["qualityId"] or SAME.get(check["type"])
    if name is None:
        return None
    return f"{table}.{check['field']}.{name}" if check["field"] else f"{table}.{name}"


def differences(
    table: str, ours: dict[str, int], checks: list[dict[str, Any]], contract: Contract
) -> Iterator[str]:
    """Where the two do not count the same, or have nothing to count."""
    theirs = {code_of(check, table): check for check in checks}
    for code, count in ours.items():
        check = theirs.get(code)
        if check is None:
            yield f"{code}: the tool has no such check"
            continue
        counted = check["failed_rows"] if check["failed_rows"] is not None else check["count"]
        if counted != count:
            yield f"{code}: {count} rows by ours, {counted} by the tool ({check['reason']})"
        elif not count:
            yield f"{code}: no row breaks it, nothing is compared"
    if len(checks) < FEWEST_CHECKS:
        yield f"{table}: the tool derives {len(checks)} checks, fewer than {FEWEST_CHECKS}"


def main(tool: str) -> int:
    with tempfile.TemporaryDirectory() as folder:
        expanded = Path(folder)
        paths = write_expanded(contract_files(CONTRACTS), expanded)
        contracts = [load_contract(path, path.parent.name) for path in paths]
        ours = {
            contract.name: make_data(path, contract, seed)
            for seed, (path, contract) in enumerate(zip(paths, contracts, strict=True))
        }
        done = subprocess.run(
            [tool, str(HERE / "tool_side.py"), str(CONTRACTS), str(expanded)],
            check=True,
            capture_output=True,
            text=True,
        )
    found = json.loads(done.stdout)
    faults = list(found["faults"])
    for contract in contracts:
        faults += differences(contract.name, ours[contract.name], found["checks"][contract.name], contract)
    checks = [len(checks) for checks in found["checks"].values()]
    compared = sum(map(len, ours.values()))
    print(f"{found['linted']} contract files linted, plain and expanded")
    print(f"{sum(checks)} checks of values derived, {min(checks)} to {max(checks)} a table")
    print(f"{compared} rules counted twice")
    print("\n".join(faults) or "no difference")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
