"""One source table while its files are checked, one after another.

Summaries of a file tell which rules any of its rows breaks (broken_rules.py); only these are looked for row by
row, as bits of ``_mask``. A row that breaks a rule keeps its original text, for the quarantine. Much Parquet is
read where it lies: of it only broken rows and a sample are written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa

from copd_strat.contracts.contract import SQL_TYPES, Column, Contract, Rule
from copd_strat.engine import Engine, literal
from copd_strat.engine.sql import identifier
from copd_strat.extracts.broken_rules import RuleSearch
from copd_strat.extracts.coded_values import Spellings, spellings
from copd_strat.extracts.deliveries import DELIVERY, delivery_of
from copd_strat.extracts.quarantine import bits
from copd_strat.extracts.row_repeats import Hashes, Lines, RowHashes
from copd_strat.extracts.source_files import SourceFile, place_of
from copd_strat.extracts.staging import Source
from copd_strat.extracts.typed_values import typed

# Columns of these kinds say whom a row is about.
PEOPLE_KINDS = ("patient_id", "person_id")

# Parquet of at least this many rows, in not too many files, is not copied: masks refer to its lines.
_MANY_ROWS, _MAX_FILES_IN_PLACE = 1_000_000, 500
# About so many rows of a table are counted twice, for the check of the checks; in place, in blocks of lines
# that follow each other, since the reader fetches neighbours together. A few blocks are fetched one by one.
_SAMPLE_ROWS, _BLOCK, _FEW_BLOCKS = 50_000, 1024, 4
_ROWS_A_BATCH = 1 << 18


@dataclass(kw_only=True)
class CheckedTable:
    """The rows of a table's files as far as they were written: ``every`` selects them.

    ``name`` is the table's number in the night, which its working tables carry. ``in_place`` tells whether
    Parquet may stay where it lies; ``kept`` are the files, by their numbers from 0, of which only broken rows
    and a sample were written. ``spelt`` holds, file by file, the spellings of the coded columns.
    """

    engine: Engine
    contract: Contract
    name: str
    work: Path
    as_of: date
    in_place: bool
    step: int
    hashes: RowHashes
    sources: list[Source] = field(default_factory=list)
    spelt: list[dict[str, Spellings]] = field(default_factory=list)
    kept: set[int] = field(default_factory=set)

    @property
    def folder(self) -> Path:
        return self.work / "checked"

    @property
    def every(self) -> str:
        return f"read_parquet({place_of(self.folder)} || '/*.parquet', union_by_name = true)"

    @property
    def good(self) -> str:
        """SQL that is true of the rows that break no rejecting rule."""
        return f"_mask & {bits(self.contract, (r for r in self.contract.rules if r.rejects))} = 0"

    @property
    def person(self) -> Column | None:
        """The column that says whom a row is about; None where the table names nobody."""
        return next((column for column in self.contract.columns if column.kind in PEOPLE_KINDS), None)

    @property
    def sample(self) -> str:
        """SQL of the lines that are counted twice, spread over the table."""
        if self.in_place:
            return f"(_line - 1) // {_BLOCK} % {self.step} = 0"
        rows = int(self.engine.scalar(f"SELECT count(*) FROM {self.every}"))
        return f"_line % {rows // _SAMPLE_ROWS + 1} = 0"

    def typed_columns(self, place: int) -> dict[str, str]:
        """The contract's columns with the SQL of their typed values; a gap where the file lacks the column.

        When the file was delivered its name tells.
        """
        there, spelt = self.sources[place].file.columns, self.spelt[place]
        fields = {}
        for column in self.contract.columns:
            value = f"CAST(NULL AS {SQL_TYPES[column.type]})"
            if column.name in there:
                value = typed(column, there[column.name], self.contract.date_formats)
            elif column.kind == DELIVERY:
                value = f"CAST({literal(delivery_of(self.sources[place].file.name))} AS VARCHAR)"
            fields[column.name] = spelt[column.name].sql(value) if column.name in spelt else value
        return fields

    def typed_rows(self, place: int, numbered: bool = False) -> str:
        """SQL of a file's rows, typed, read where they lie; with their numbers where they are asked for."""
        numbers = f", {place} AS _file, r._line AS _line" if numbered else ""
        return f"SELECT {_listed(self.typed_columns(place))}{numbers} FROM ({self.sources[place].rows}) r"

    def add_file(self, source: Source) -> None:
        """Check the next file; its summaries are read here, and are gone when another is let in."""
        place = len(self.sources)
        self.sources.append(source)
        self.spelt.append(spellings(self.engine, self.contract, source.file.columns, source.values))
        in_place = self.in_place and _is_typed(source.file, self.contract)
        search = RuleSearch(
            engine=self.engine,
            contract=self.contract,
            source=source,
            typed=self.typed_columns(place),
            as_of=self.as_of,
        )
        broken = search.broken(in_place=in_place)
        if in_place:
            self.kept.add(place)
        if in_place and not broken:
            self._write_sample(place)
        else:
            self._write_checked(place, search, broken)
        if self.in_place:
            self._note_people(source)
        self.hashes.add_file(self._row_hashes(place))

    def _write_sample(self, place: int) -> None:
        """Write the sampled lines of a file of which no row breaks any rule."""
        rows = self.sources[place].rows
        starts = range(1, self.sources[place].rows_in + 1, self.step * _BLOCK)
        if 0 < len(starts) <= _FEW_BLOCKS:
            rows = " UNION ALL ".join(
                f"SELECT * FROM ({rows}) WHERE _line BETWEEN {start} AND {start + _BLOCK - 1}"
                for start in starts
            )
        columns = f"{_listed(self.typed_columns(place))}, {place} AS _file, r._line AS _line"
        raw = ", ".join(f"{identifier(column.name)} VARCHAR" for column in self.contract.columns)
        self._write(
            place,
            f"SELECT {columns}, CAST(0 AS BIGINT) AS _mask, CAST(NULL AS STRUCT({raw})) AS _raw "
            f"FROM ({rows}) r WHERE {self.sample}",
        )

    def _write_checked(self, place: int, search: RuleSearch, broken: list[Rule]) -> None:
        """Write a file's rows, or of one in place its broken rows and the sample, with their masks."""
        source, there = self.sources[place], self.sources[place].file.columns
        terms = [
            f"CASE WHEN {search.condition(r)} THEN {bits(self.contract, [r])} ELSE 0 END" for r in broken
        ]
        mask = f"CAST({' + '.join(terms) or '0'} AS BIGINT)"
        fields = ", ".join(
            f"{identifier(name)} := {value}" for name, value in self.typed_columns(place).items()
        )
        names = ", ".join(f"t.{identifier(column.name)}" for column in self.contract.columns)
        raw = ", ".join(_kept_text(column.name, column.name in there) for column in self.contract.columns)
        wanted = f"_mask <> 0 OR {self.sample}" if place in self.kept else "TRUE"
        self._write(
            place,
            f"""SELECT {names}, {place} AS _file, r._line AS _line, _mask,
                    CASE WHEN _mask <> 0 THEN struct_pack({raw}) END AS _raw
                FROM (SELECT r, t, r._line AS _line, {mask} AS _mask
                    FROM (SELECT r, struct_pack({fields}) AS t FROM ({source.rows}) r) {search.patients(broken)})
                WHERE {wanted}""",
        )

    def _write(self, place: int, select: str) -> None:
        self.engine.write_parquet(select, self._written(place))

    def _written(self, place: int) -> Path:
        return self.folder / f"{place:05d}.parquet"

    def _note_people(self, source: Source) -> None:
        """Table ``people_<name>(id)``: the patients of a large table's rows, so that these are not read again.

        A row that repeats another names nobody new, so they are the patients of all rows.
        """
        column, table = self.person, f"people_{self.name}"
        if column is None or column.name not in source.file.columns:
            return
        value = typed(column, source.file.columns[column.name], self.contract.date_formats)
        people = f"SELECT DISTINCT {value} AS id FROM ({source.values.of(column.name)}) r"
        if self.engine.has_table(table):
            people += f" UNION SELECT id FROM {table}"
        self.engine.create_table(table, people)

    def _row_hashes(self, place: int) -> Iterator[tuple[Hashes, Lines | None]]:
        """Hashes of a file's good rows, from its copy or from where it lies."""
        columns = ", ".join(identifier(column.name) for column in self.contract.columns)
        file = f"read_parquet({place_of(self._written(place))})"
        if place not in self.kept:
            rows = f"SELECT hash({columns}) AS h, _line FROM {file} WHERE {self.good}"
            with self.engine.batches(rows, _ROWS_A_BATCH) as batches:
                for batch in batches:
                    yield _numbers(batch, 0), _numbers(batch, 1)
            return
        bad = self.engine.table(f"SELECT _line FROM {file} WHERE NOT ({self.good}) ORDER BY _line")
        refused = bad.column(0).to_numpy()
        start = 0
        # Rows come in the order of their lines, from 1 on: the engine keeps it while files are read.
        rows = f"SELECT hash({columns}) AS h FROM ({self.typed_rows(place)})"
        with self.engine.batches(rows, _ROWS_A_BATCH) as batches:
            for batch in batches:
                hashes = _numbers(batch, 0)
                if len(refused):
                    lines = np.arange(start + 1, start + len(hashes) + 1)
                    fine = ~np.isin(lines, refused)
                    yield hashes[fine], lines[fine]
                else:
                    yield hashes, None
                start += len(hashes)


def open_table(
    engine: Engine, contract: Contract, files: Iterable[SourceFile], *, name: str, work: Path, as_of: date
) -> CheckedTable:
    """A table before its first file, of which the headers are known."""
    counts = [file.rows for file in files]
    table = CheckedTable(
        engine=engine,
        contract=contract,
        name=name,
        work=work,
        as_of=as_of,
        in_place=not contract.key and len(counts) <= _MAX_FILES_IN_PLACE and sum(counts) >= _MANY_ROWS,
        step=sum(counts) // _SAMPLE_ROWS + 1,
        hashes=RowHashes(folder=work / "hashes"),
    )
    table.folder.mkdir(parents=True)
    return table


def _is_typed(file: SourceFile, contract: Contract) -> bool:
    """Whether a file may be read where it lies: Parquet, its text columns texts by the contract."""
    kinds = [(column.type, file.columns.get(column.name)) for column in contract.columns]
    return not file.is_text and not any(kind == "VARCHAR" and wanted != "string" for wanted, kind in kinds)


def _listed(columns: dict[str, str]) -> str:
    return ", ".join(f"{value} AS {identifier(name)}" for name, value in columns.items())


def _kept_text(column: str, there: bool) -> str:
    name = identifier(column)
    return f"{name} := CAST({'r.' + name if there else 'NULL'} AS VARCHAR)"


def _numbers(batch: pa.RecordBatch, place: int) -> np.ndarray:
    return np.asarray(batch.column(place).to_numpy())
