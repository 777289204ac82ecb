"""Sound tables of the program's own contracts, made from the contracts, and each rule broken in them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from typing import Any

import pandas as pd
import pyarrow as pa

from copd_strat.contracts.contract import Column, Contract, Rule
from copd_strat.contracts.own_tables import arrow_schema

ROWS = 300
INDEX = date(2026, 10, 31)
Values = list[Any]

# Where a usual value would break a rule on the whole column.
_SPREAD: dict[str, Callable[[int], Any]] = {
    "index_date": lambda _: INDEX,
    "end_date": lambda _: INDEX,
    "age": lambda n: 50.0 + n % 40,
    "sex": lambda n: ("female", "male")[n % 2],
    "fev1_pct_predicted": lambda n: 30.0 + n % 60,
    "risk_any_12m": lambda n: 0.3 + n / 1000,
    "risk_severe_12m": lambda n: 0.05 + n / 1000,
    "disposition": lambda n: ("clinic", "self_management")[n % 2],
}


def sound_values(contract: Contract) -> dict[str, Values]:
    """Column → values of 300 rows that break no rule; texts that hold a patient's id say ``canary``."""
    return {column.name: [_value(column, n, contract) for n in range(ROWS)] for column in contract.columns}


def frame_of(contract: Contract, values: dict[str, Values]) -> pd.DataFrame:
    """The table as the engine gives it: Arrow types, gaps as gaps."""
    fields = [
        pa.field(field.name, field.type) for field in arrow_schema(contract)
    ]  # gaps may be planted anywhere
    table = pa.table(values, schema=pa.schema(fields))
    return table.to_pandas(types_mapper=pd.ArrowDtype)


def sound_frame(contract: Contract) -> pd.DataFrame:
    return frame_of(contract, sound_values(contract))


def broken_frame(contract: Contract, rules: Iterable[Rule], rows: int = ROWS) -> pd.DataFrame:
    """The sound table with each of ``rules`` broken in the first ``rows`` rows of its column."""
    values = sound_values(contract)
    for rule in rules:
        if rule.column is None:
            values |= {name: [values[name][0]] * rows + values[name][rows:] for name in contract.key}
        else:
            values[rule.column][:rows] = [_BREAKERS[rule.check](rule, values, n) for n in range(rows)]
    return frame_of(contract, values)


def _value(column: Column, n: int, contract: Contract) -> Any:
    if column.name in contract.key and (len(contract.key) == 1 or column.name == contract.key[-1]):
        return _distinct(column, n)
    if column.name in _SPREAD and column.name not in contract.key:
        return _SPREAD[column.name](n)
    if column.values:
        return column.values[0]
    return _PLAIN[column.type](_lowest(column))


def _distinct(column: Column, n: int) -> Any:
    if column.type == "date":
        return INDEX - timedelta(days=n)
    return n + 1 if column.type == "integer" else f"canary-{n}"


def _lowest(column: Column) -> float:
    """1, or a smaller or larger number where the contract's bounds ask for it."""
    low, high = (_BOUNDS.get((column.name, bound)) for bound in ("minimum", "maximum"))
    return max(low if low is not None else 1, min(1, high if high is not None else 1))


_PLAIN: dict[str, Callable[[float], Any]] = {
    "string": lambda _: "a text",
    "boolean": lambda _: True,
    "date": lambda _: date(2026, 9, 1),
    "integer": int,
    "number": float,
}
_BOUNDS: dict[tuple[str, str], float] = {
    ("fev1_litres", "minimum"): 0.1,
    ("fev1_fvc_ratio", "maximum"): 1,
    ("height_cm", "minimum"): 170,
    ("bmi", "minimum"): 27,
    ("spo2", "minimum"): 95,
}


def _beyond(rule: Rule, values: dict[str, Values], n: int, step: int) -> Any:
    other = values[rule.arguments["column"]][n]
    return other + (timedelta(days=step) if isinstance(other, date) else step)


_BREAKERS: dict[str, Callable[[Rule, dict[str, Values], int], Any]] = {
    "required": lambda *_: None,
    "minimum": lambda rule, *_: rule.arguments["minimum"] - 1,
    "maximum": lambda rule, *_: rule.arguments["maximum"] + 1,
    "valid_values": lambda *_: "none of these",
    "not_above": lambda rule, values, n: _beyond(rule, values, n, 1),
    "not_before": lambda rule, values, n: _beyond(rule, values, n, -1),
    "mean_between": lambda rule, *_: rule.arguments["max"] + 1,
    "distinct_between": lambda *_: 0.5,
}
