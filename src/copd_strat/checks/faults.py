"""Faults to plant: for every rule of an extract's contract, a change of one row that the rule must catch.

For tests and for synthetic extracts only. The file's other rows keep their bytes' meaning; a Parquet file is
written back as text, as a sender with a broken export would.
"""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from random import Random

from copd_strat.checks import check_kind
from copd_strat.checks.check import Row
from copd_strat.checks.complete_row import OVERLONG
from copd_strat.contracts.contract import Contract, Rule


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
    table = _SpoiledFile.read(path)
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


def _plant(rule: Rule, contract: Contract, table: _SpoiledFile, order: list[int]) -> int | None:
    """Break ``rule`` in the first row of ``order`` that can be, and take that row out of ``order``."""
    for place, number in enumerate(order):
        row = check_kind(rule.check).spoiled(rule, contract, table.rows[number])
        if row is not None and (table.delimiter is not None or OVERLONG not in row):
            del order[place]
            if check_kind(rule.check).adds_row:
                table.rows.append(row)
                return len(table.rows) - 1
            table.rows[number] = row
            return number
    return None


@dataclass
class _SpoiledFile:
    """A file's rows as text."""

    columns: list[str]
    rows: list[Row]
    delimiter: str | None

    @classmethod
    def read(cls, path: Path) -> _SpoiledFile:
        if path.suffix == ".parquet":
            return cls._from_parquet(path)
        delimiter = "," if ".csv" in path.suffixes else "\t"
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        reader = csv.DictReader(io.StringIO(content.decode()), delimiter=delimiter)
        rows = [dict(row) for row in reader]
        return cls(list(reader.fieldnames or ()), rows, delimiter)

    @classmethod
    def _from_parquet(cls, path: Path) -> _SpoiledFile:
        import pyarrow.parquet as pq

        table = pq.read_table(path)
        rows = [
            {name: "" if value is None else str(value) for name, value in row.items()}
            for row in table.to_pylist()
        ]
        return cls(table.column_names, rows, None)

    def write(self, path: Path) -> None:
        if self.delimiter is None:
            self._to_parquet(path)
            return
        buffer = io.StringIO()
        writer = csv.writer(buffer, delimiter=self.delimiter, lineterminator="\n")
        writer.writerow(self.columns)
        for row in self.rows:
            extra = [row[OVERLONG]] if OVERLONG in row else []
            writer.writerow([*(row[column] for column in self.columns), *extra])
        content = buffer.getvalue().encode()
        path.write_bytes(gzip.compress(content, mtime=0) if path.suffix == ".gz" else content)

    def _to_parquet(self, path: Path) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        columns = {name: [row[name] or None for row in self.rows] for name in self.columns}
        pq.write_table(pa.table({name: pa.array(v, pa.string()) for name, v in columns.items()}), path)
