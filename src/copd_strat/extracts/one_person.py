"""The accepted rows of one person, each with the file and the line that it came from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import pandas as pd

from copd_strat.config import ExtractSource
from copd_strat.contracts.contract import Contract
from copd_strat.contracts.contract_files import load_contracts
from copd_strat.engine import Engine, literal
from copd_strat.engine.sql import identifier
from copd_strat.errors import InputError
from copd_strat.extracts.inventory import InputFile
from copd_strat.extracts.layouts import LAYOUTS
from copd_strat.extracts.quarantine import bits, name_files, with_lines
from copd_strat.extracts.receipts import TableReceipt
from copd_strat.extracts.row_checks import PEOPLE_KINDS, accept_table
from copd_strat.extracts.source_files import find, open_file
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
    """Whom the row at ``line`` of ``file`` is about, None if it names nobody; InputError if there is no such row."""
    for table in tables:
        for source in table.sources:
            if source.file.name != file or table.person is None:
                continue
            head = source.file.title_lines + int(source.file.is_text)
            name = identifier(table.person)
            rows = engine.rows(
                f"SELECT CAST({name} AS VARCHAR) FROM ({source.rows}) WHERE _line = {line - head}"
            )
            if rows:
                return None if rows[0][0] is None else str(rows[0][0])
    raise InputError(
        f"{file}: no readable row about a person on line {line}",
        fix="name the file as the manifest does, below its extract's folder; the header is line 1 of a text file",
    )


def rows_of_person(
    engine: Engine, tables: Sequence[StagedTable], patient_id: str, *, work: Path, as_of: date
) -> pd.DataFrame:
    """One row an accepted row of the person: table, row (its number there), file, line, day if it tells one.

    Makes ``person_<table>`` with the canonical columns and ``_row``, for every table that came; a table that names
    nobody is there whole, and of no row of it anything is told.
    """
    told = [pd.DataFrame({"table": [], "row": [], "file": [], "line": [], "day": []})]
    for number, table in enumerate(tables):
        name = table.contract.table
        if name == "patients":
            _know(engine, table, patient_id)
        own = [_only(source, table.person, patient_id) for source in table.sources]
        receipt = accept_table(
            engine,
            table.contract,
            own,
            number=number,
            work=work / f"checked_{number}",
            quality=work / f"quality_{number}",
            file_name=name,
            as_of=as_of,
        )
        _keep_with_lines(engine, receipt, own, number)
        if table.person is not None:
            day = next(
                (column.name for column in table.contract.columns if column.kind == "event_date"), "NULL"
            )
            places = engine.rows(f"SELECT _row, file, line, {day} FROM person_{name} ORDER BY _row")
            told.append(
                pd.DataFrame(
                    [(name, *place) for place in places], columns=["table", "row", "file", "line", "day"]
                )
            )
    return pd.concat(told, ignore_index=True).astype({"row": "int64", "line": "int64"})


def _know(engine: Engine, patients: StagedTable, patient_id: str) -> None:
    """Table ``known_patients``: this one person, or nobody."""
    rows = " UNION ALL ".join(
        f"SELECT CAST(patient_id AS VARCHAR) AS patient_id, TRY_CAST(birth_year AS BIGINT) AS birth_year"
        f" FROM ({source.rows})"
        for source in patients.sources
    )
    engine.create_table(
        "known_patients",
        f"SELECT patient_id, min(birth_year) AS birth_year, FALSE AS left_out FROM ({rows})"
        f" WHERE patient_id = {literal(patient_id)} GROUP BY patient_id",
    )


def _only(source: Source, person: str | None, patient_id: str) -> Source:
    if person is None:
        return source
    wanted = f"CAST({identifier(person)} AS VARCHAR) = {literal(patient_id)}"
    return replace(source, rows=f"SELECT * FROM ({source.rows}) WHERE {wanted}")


def _keep_with_lines(engine: Engine, receipt: TableReceipt, sources: Sequence[Source], number: int) -> None:
    """``person_<table>``: accepted rows with ``_row``, file and line; values that were set aside are gaps."""
    contract, name = receipt.contract, f"{number:02d}"
    every = f"read_parquet({literal(str(receipt.checked / '*.parquet'))}, union_by_name = true)"
    rejecting = bits(contract, (rule for rule in contract.rules if rule.rejects))
    fields = []
    for column in contract.columns:
        aside = bits(contract, (r for r in contract.rules if r.sets_aside and r.column == column.name))
        value = identifier(column.name)
        fields.append(f"CASE WHEN _mask & {aside} = 0 THEN {value} END AS {value}" if aside else value)
    kept = (
        f"SELECT _file, _line, {', '.join(fields)} FROM {every} c WHERE _mask & {rejecting} = 0 AND NOT EXISTS"
        f" (SELECT 1 FROM repeats_{name} f WHERE f._file = c._file AND f._line = c._line)"
    )
    name_files(engine, sources)
    engine.create_table(
        f"person_{contract.table}",
        "SELECT CAST(row_number() OVER (ORDER BY file, line) AS BIGINT) AS _row, *"
        f" FROM ({with_lines(name, kept)}) p",
    )
