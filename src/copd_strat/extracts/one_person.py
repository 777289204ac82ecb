"""The accepted rows of one person, each with the file and the line that it came from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from pathlib import Path

import pandas as pd

from copd_strat.config import ExtractSource
from copd_strat.contracts.contract import Contract
from copd_strat.contracts.contract_files import load_contracts
from copd_strat.engine import Engine, literal
from copd_strat.engine.sql import identifier
from copd_strat.errors import InputError, RequestError
from copd_strat.extracts.checked_table import PEOPLE_KINDS
from copd_strat.extracts.inventory import InputFile
from copd_strat.extracts.layouts import LAYOUTS
from copd_strat.extracts.quarantine import bits
from copd_strat.extracts.receipts import TableReceipt
from copd_strat.extracts.row_checks import accept_table
from copd_strat.extracts.source_files import find, open_file, place_of
from copd_strat.extracts.staging import Source, stage_file
from copd_strat.extracts.unpack import laid_out

_NATIVE = "native"


@dataclass(frozen=True, kw_only=True)
class StagedTable:
    """One table of the native form as its files stand: ``person`` is the column that names somebody, if any."""

    contract: Contract
    sources: tuple[Source, ...]
    person: str | None


def stage_native(
    engine: Engine,
    sources: tuple[ExtractSource, ...],
    contracts: Path,
    *,
    inputs: Sequence[Sequence[InputFile]],
    zone: str,
    work: Path,
) -> tuple[StagedTable, ...]:
    """Every table in the native form, patients first. InputError for a source with tables in another form: what
    becomes of their rows is not one row's doing.
    """
    native = load_contracts(contracts, _NATIVE)
    staged = []
    for number, (source, files) in enumerate(zip(sources, inputs, strict=True)):
        if source.layout != _NATIVE:
            raise InputError(
                f"{source.path}: rows of layout {source.layout} cannot be traced",
                fix="trace works on extracts in the native layout",
            )
        folder = laid_out(files, work / f"source_{number}")
        for table in LAYOUTS[_NATIVE].order:
            contract = native[table]
            found = [open_file(path, folder, contract) for path in find(folder, contract)]
            own = work / f"{number}_{table}"
            opened = [stage_file(engine, file, contract, own, gaps=source.gaps, zone=zone) for file in found]
            if opened:
                staged.append(StagedTable(contract=contract, sources=tuple(opened), person=_person(contract)))
    return tuple(staged)


def _person(contract: Contract) -> str | None:
    return next((column.name for column in contract.columns if column.kind in PEOPLE_KINDS), None)


def person_at(engine: Engine, tables: Sequence[StagedTable], file: str, line: int) -> str | None:
    """Whom the row at ``line`` of ``file`` is about, None if it names nobody; RequestError if there is no such row."""
    names = sorted({source.file.name for table in tables for source in table.sources})
    if file not in names:
        alike = get_close_matches(file, names, n=1)
        raise RequestError(
            f"{file}: no such file in the extracts" + (f"; did you mean {alike[0]}?" if alike else ""),
            fix="name the file as the manifest does, below its extract's folder",
        )
    for table in tables:
        for source in table.sources:
            if source.file.name != file or table.person is None:
                continue
            near = line - source.file.title_lines - int(source.file.is_text)
            broken = int(engine.scalar(f"SELECT count(*) FROM ({source.broken})"))
            rows = engine.rows(
                f"SELECT _line, {_text(table.person)} FROM ({source.rows})"
                f" WHERE _line BETWEEN {near - broken} AND {near} ORDER BY _line"
            )
            lines = _in_file(engine, source, [int(number) for number, _ in rows])
            people = dict(zip(lines, (person for _, person in rows), strict=True))
            if line in people:
                return None if people[line] is None else str(people[line])
    raise RequestError(
        f"{file}: no readable row about a person on line {line}",
        fix="name the line of a row that was not set aside; the header is line 1 of a text file",
    )


def rows_of_person(
    engine: Engine, tables: Sequence[StagedTable], patient_id: str, *, work: Path, as_of: date
) -> pd.DataFrame:
    """One row an accepted row of the person: table, row (its number there), file, line, day if it tells one.

    Makes ``person_<table>`` with the canonical columns and ``_row``, for every table that came; a table that names
    nobody is there whole, and of no row of it anything is told. The person's rows stand in files of their own, which
    come in by the same door as the whole ones.
    """
    told = [pd.DataFrame(columns=_COLUMNS)]
    for number, table in enumerate(tables):
        contract = table.contract
        if contract.table == "patients":
            _know(engine, table, patient_id)
        path, places = _own_file(engine, table, patient_id, work / f"person_{number}")
        file = open_file(path, path.parent, contract)
        source = stage_file(engine, file, contract, path.parent / "staged", gaps=(), zone="UTC")
        receipt = accept_table(
            engine,
            contract,
            [file],
            [source],
            number=number,
            work=path.parent / "work",
            quality=path.parent / "quality",
            file_name=contract.table,
            as_of=as_of,
        )
        _keep(engine, receipt, number)
        if table.person is not None:
            told.append(_told(engine, contract, places))
    return pd.concat(told, ignore_index=True).astype({"row": "int64", "line": "int64"})


_COLUMNS = ["table", "row", "file", "line", "day"]


def _own_file(
    engine: Engine, table: StagedTable, patient_id: str, folder: Path
) -> tuple[Path, list[tuple[str, int]]]:
    """A file of the person's rows (all rows of a table that names nobody), and where each of them came from."""
    names = [column.name for column in table.contract.columns]
    pieces, places = [], []
    for number, source in enumerate(table.sources):
        wanted = "TRUE" if table.person is None else f"{_text(table.person)} = {literal(patient_id)}"
        there = [name for name in names if name in source.file.columns]
        chosen = ", ".join(f"{_text(name)} AS {identifier(name)}" for name in there)
        own = f"SELECT {chosen}, {number} AS _of, _line AS _at FROM ({source.rows}) WHERE {wanted}"
        pieces.append(own)
        lines = [int(line) for (line,) in engine.rows(f"SELECT _at FROM ({own}) ORDER BY _at")]
        places += [(source.file.name, line) for line in _in_file(engine, source, lines)]
    path = folder / f"{table.contract.table}.parquet"
    together = " UNION ALL BY NAME ".join(f"({piece})" for piece in pieces)
    engine.write_parquet(f"SELECT * EXCLUDE (_of, _at) FROM ({together}) ORDER BY _of, _at", path)
    return path, places


def _text(name: str) -> str:
    return f"CAST({identifier(name)} AS VARCHAR)"


def _in_file(engine: Engine, source: Source, lines: Sequence[int]) -> list[int]:
    """Lines of the file: a readable row's number leaves out the header and the unreadable lines before it."""
    head = source.file.title_lines + int(source.file.is_text)
    broken = [int(line) for (line,) in engine.rows(f"SELECT _line FROM ({source.broken}) ORDER BY _line")]
    before = [line - 1 - nth for nth, line in enumerate(broken, start=1)]
    return [line + head + sum(place < line for place in before) for line in lines]


def _know(engine: Engine, patients: StagedTable, patient_id: str) -> None:
    """Table ``known_patients``: this one person, or nobody."""
    rows = " UNION ALL ".join(
        f"SELECT {_text('patient_id')} AS patient_id, TRY_CAST(birth_year AS BIGINT) AS birth_year"
        f" FROM ({source.rows})"
        for source in patients.sources
    )
    engine.create_table(
        "known_patients",
        f"SELECT patient_id, min(birth_year) AS birth_year, FALSE AS left_out FROM ({rows})"
        f" WHERE patient_id = {literal(patient_id)} GROUP BY patient_id",
    )


def _keep(engine: Engine, receipt: TableReceipt, number: int) -> None:
    """``person_<table>``: accepted rows with ``_row``, their number; values that were set aside are gaps."""
    contract = receipt.contract
    every = f"read_parquet({place_of(receipt.checked)} || '/*.parquet', union_by_name = true)"
    rejecting = bits(contract, (rule for rule in contract.rules if rule.rejects))
    fields = []
    for column in contract.columns:
        aside = bits(contract, (r for r in contract.rules if r.sets_aside and r.column == column.name))
        value = identifier(column.name)
        fields.append(f"CASE WHEN _mask & {aside} = 0 THEN {value} END AS {value}" if aside else value)
    engine.create_table(
        f"person_{contract.table}",
        f"SELECT CAST(_line AS BIGINT) AS _row, {', '.join(fields)} FROM {every} c"
        f" WHERE _mask & {rejecting} = 0 AND NOT EXISTS"
        f" (SELECT 1 FROM repeats_{number:02d} f WHERE f._file = c._file AND f._line = c._line)",
    )


def _told(engine: Engine, contract: Contract, places: Sequence[tuple[str, int]]) -> pd.DataFrame:
    """The person's rows of one table with their places."""
    day = next(
        (identifier(column.name) for column in contract.columns if column.kind == "event_date"), "NULL"
    )
    rows = engine.rows(f"SELECT _row, {day} FROM person_{contract.table} ORDER BY _row")
    return pd.DataFrame(
        [(contract.table, row, *places[row - 1], when) for row, when in rows], columns=_COLUMNS
    )
