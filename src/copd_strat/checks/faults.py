"""Faults to plant: for every rule of an extract's contract, a change of one row that the rule must catch.

For tests and for synthetic extracts only. The file's other rows keep their bytes' meaning; a Parquet file is
written back as text, as a sender with a broken export would.
"""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from random import Random

from copd_strat.contracts.contract import Contract, Rule

Row = dict[str, str]

# After any run date, and before the dates that are read as placeholders.
_FUTURE = date(2199, 1, 1)
# Before anybody alive was born, and not a date that stands for "unknown".
_LONG_AGO = date(1850, 2, 3)


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A planted fault: the row on ``line`` of ``file`` (the header is line 1) breaks the rule ``code``."""

    code: str
    table: str
    file: str
    line: int
    column: str | None


def inject(files: Iterable[Path], contract: Contract, seed: int) -> list[Fault]:
    """Plant one fault for every rule of ``contract`` that can be broken in the first of the table's files.

    Each fault takes a row of its own, drawn by ``seed``; a repeated key is a row added at the end. Rules that
    no row of the file can break (an absent column, a Parquet row without all fields) are left out.
    """
    path = min(files)
    table = _Table.read(path)
    header = 1 if table.delimiter is None else 2
    order = list(range(len(table.rows)))
    Random(seed).shuffle(order)  # noqa: S311 - which rows are spoiled is no secret
    faults = []
    for rule in contract.rules:
        number = _plant(rule, contract, table, order)
        if number is not None:
            faults.append(
                Fault(
                    code=rule.code,
                    table=contract.table,
                    file=path.name,
                    line=number + header,
                    column=rule.column,
                )
            )
    table.write(path)
    return faults


def _plant(rule: Rule, contract: Contract, table: _Table, order: list[int]) -> int | None:
    """Break ``rule`` in the first row of ``order`` that can be, and take that row out of ``order``."""
    if rule.check == "complete_row":
        if table.delimiter is None or not order:
            return None
        table.overlong.add(order[0])
        return order.pop(0)
    for place, number in enumerate(order):
        spoiled = spoil(rule, contract, table.rows[number])
        if spoiled is not None:
            del order[place]
            if rule.check == "unique_key":
                table.rows.append(spoiled)
                return len(table.rows) - 1
            table.rows[number] = spoiled
            return number
    return None


def spoil(rule: Rule, contract: Contract, row: Row) -> Row | None:
    """A copy of ``row`` that breaks ``rule``; None if this row cannot be made to."""
    if rule.check == "unique_key":
        return _repeated_key(contract, row)
    if rule.column not in row:
        return None
    value = _SPOILERS[rule.check](rule, contract, row)
    return None if value is None else {**row, str(rule.column): value}


def _repeated_key(contract: Contract, row: Row) -> Row | None:
    """The same key with other content: an optional value is taken away, so that no other rule is broken."""
    optional = (c.name for c in contract.columns if not c.required and c.name not in contract.key)
    name = next((name for name in optional if row.get(name)), None)
    return None if name is None else {**row, name: ""}


def _written(day: date, contract: Contract) -> str:
    return day.strftime(contract.date_formats[0])


def _outside(rule: Rule, *_: object) -> str:
    bounds = rule.arguments
    return str(bounds["max"] + 1) if "max" in bounds else str(bounds["min"] - 1)


def _day_before(rule: Rule, contract: Contract, row: Row) -> str | None:
    other = row.get(rule.arguments["column"])
    return _written(date.fromisoformat(other[:10]) - timedelta(days=1), contract) if other else None


def _year_before(rule: Rule, contract: Contract, row: Row) -> str | None:
    year = row.get(rule.arguments["column"])
    return _written(date(int(year) - 1, 6, 1), contract) if year else None


_SPOILERS: dict[str, Callable[[Rule, Contract, Row], str | None]] = {
    "present": lambda *_: "",
    "readable": lambda *_: "not readable",
    "one_of": lambda *_: "none of these",
    "none_of": lambda rule, *_: str(rule.arguments["values"][0]),
    "range": _outside,
    "pattern": lambda *_: "#",
    "intact_id": lambda *_: "1.23457E+15",
    "not_sentinel": lambda rule, contract, _: _written(
        date.fromisoformat(str(rule.arguments["dates"][-1])), contract
    ),
    "not_future": lambda _rule, contract, _row: _written(_FUTURE, contract),
    "not_before": _day_before,
    "not_before_birth_year": _year_before,
    "not_before_birth": lambda _rule, contract, _row: _written(_LONG_AGO, contract),
    "known_patient": lambda *_: "nobody-known",
}
FAULT_CHECKS = frozenset(_SPOILERS) | {"unique_key", "complete_row"}


@dataclass
class _Table:
    """A file's rows as text. ``overlong`` rows are written with one field too many."""

    columns: list[str]
    rows: list[Row]
    delimiter: str | None
    overlong: set[int]

    @classmethod
    def read(cls, path: Path) -> _Table:
        if path.suffix == ".parquet":
            return cls._from_parquet(path)
        delimiter = "," if ".csv" in path.suffixes else "\t"
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        reader = csv.DictReader(io.StringIO(content.decode()), delimiter=delimiter)
        rows = [dict(row) for row in reader]
        return cls(list(reader.fieldnames or ()), rows, delimiter, set())

    @classmethod
    def _from_parquet(cls, path: Path) -> _Table:
        import pyarrow.parquet as pq

        table = pq.read_table(path)
        rows = [
            {name: "" if value is None else str(value) for name, value in row.items()}
            for row in table.to_pylist()
        ]
        return cls(table.column_names, rows, None, set())

    def write(self, path: Path) -> None:
        if self.delimiter is None:
            self._to_parquet(path)
            return
        buffer = io.StringIO()
        writer = csv.writer(buffer, delimiter=self.delimiter, lineterminator="\n")
        writer.writerow(self.columns)
        for number, row in enumerate(self.rows):
            extra = ["one field too many"] if number in self.overlong else []
            writer.writerow([*(row[column] for column in self.columns), *extra])
        content = buffer.getvalue().encode()
        path.write_bytes(gzip.compress(content, mtime=0) if path.suffix == ".gz" else content)

    def _to_parquet(self, path: Path) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        columns = {name: [row[name] or None for row in self.rows] for name in self.columns}
        pq.write_table(pa.table({name: pa.array(v, pa.string()) for name, v in columns.items()}), path)
