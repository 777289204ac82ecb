"""Accept or quarantine every row of a table: file by file, then keys and duplicates across files.

Accepted rows are those whose rejecting bits of ``_mask`` are all clear, without the values whose setting-aside
bits are set.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa

from copd_strat.contracts.contract import Contract, Rule
from copd_strat.engine import Engine, literal
from copd_strat.engine.sql import identifier
from copd_strat.extracts.checked_table import CheckedTable, open_table
from copd_strat.extracts.coded_values import summarise
from copd_strat.extracts.deliveries import DELIVERY
from copd_strat.extracts.quarantine import CheckedRows, bits, write_quarantine, write_set_aside
from copd_strat.extracts.receipts import FileReceipt, TableReceipt
from copd_strat.extracts.source_files import SourceFile, reading
from copd_strat.extracts.staging import Source


def accept_table(
    engine: Engine,
    contract: Contract,
    files: list[SourceFile],
    sources: Iterable[Source],
    *,
    number: int,
    work: Path,
    quality: Path,
    file_name: str,
    as_of: date,
) -> TableReceipt:
    """Check all files of one table, the night's ``number``-th; typed rows go below ``work``.

    ``sources`` are the ``files`` as they are let in, one by one: the values of one are gone when the next comes.
    Rows that were refused, and values that were set aside, go to ``<file_name>.parquet`` in the folders
    ``quarantine`` and ``set_aside`` of ``quality``.
    """
    table = open_table(engine, contract, files, name=f"{number:02d}", work=work, as_of=as_of)
    _check_files(table, sources)
    rules = _rule_counts(table)
    set_aside = quality / "set_aside" / f"{file_name}.parquet"
    rows = CheckedRows(name=table.name, contract=contract, sources=table.sources, every=table.every)
    write_quarantine(engine, rows, quality / "quarantine" / f"{file_name}.parquet")
    accepted = _accepted(table, rules)
    return TableReceipt(
        layout=contract.layout,
        table=contract.table,
        contract=contract,
        files=_file_receipts(table),
        rules=rules,
        checked=table.folder,
        accepted=accepted,
        people=_people(table, accepted),
        broken_by=_people_by_rule(table, rules),
        sample=table.sample,
        codes=summarise(table.spelt),
        set_aside=set_aside if write_set_aside(engine, rows, rules, set_aside) else None,
    )


def _check_files(table: CheckedTable, sources: Iterable[Source]) -> None:
    """Check every file's rows, then find those that repeat another."""
    for source in sources:
        with reading(source.file.name):
            table.add_file(source)
    broken = " UNION ALL ".join(
        f"SELECT {place} AS _file, * FROM ({source.broken})" for place, source in enumerate(table.sources)
    )
    table.engine.create_table(f"broken_{table.name}", broken)
    _find_repeats(table)
    shutil.rmtree(table.hashes.folder)


def _accepted(table: CheckedTable, rules: Mapping[str, int]) -> str:
    """SQL of the accepted rows: out of the checked files, or, in place, of each source file itself.

    Of files in place, rows with a value set aside are taken from the checked files, which hold every row that
    breaks any rule.
    """
    setting = [rule for rule in table.contract.rules if rule.sets_aside and rules[rule.code]]
    copied = sorted(set(range(len(table.sources))) - table.kept)
    if not table.kept:
        return _accepted_copies(table, setting, "TRUE")
    aside = f"_mask & {bits(table.contract, setting)} <> 0"
    unwanted = f"SELECT _file, _line FROM {table.every} WHERE NOT ({table.good}) OR {aside}"
    table.engine.create_table(
        f"unwanted_{table.name}", f"{unwanted} UNION ALL SELECT _file, _line FROM repeats_{table.name}"
    )
    lacking = {place for (place,) in table.engine.rows(f"SELECT DISTINCT _file FROM unwanted_{table.name}")}
    taken = f"({aside} OR _file IN {literal(copied)})" if copied else aside
    pieces = [_accepted_copies(table, setting, taken)] if setting or copied else []
    pieces += [table.typed_rows(place) for place in sorted(table.kept - lacking)]
    if some := sorted(table.kept & lacking):
        # One join for all files: one a file would hold a hash table each, as often as a statement reads the rows.
        placed = " UNION ALL ".join(table.typed_rows(place, numbered=True) for place in some)
        names = ", ".join(identifier(column.name) for column in table.contract.columns)
        unwanted = f"unwanted_{table.name} f ON f._file = r._file AND f._line = r._line"
        pieces.append(f"SELECT {names} FROM ({placed}) r ANTI JOIN {unwanted}")
    return " UNION ALL ".join(pieces)


def _people_by_rule(table: CheckedTable, rules: Mapping[str, int]) -> dict[str, int]:
    """Of how many people are the rows that break each rule? Asked only of rules on values that are broken."""
    broken = [rule for rule in table.contract.rules if rule.column and rules[rule.code]]
    column = _person_column(table)
    if column is None or not broken:
        return {}
    person = f"coalesce({column}, concat('row ', _file, ' ', _line))"
    counts = ", ".join(
        f"count(DISTINCT CASE WHEN _mask & {bits(table.contract, [rule])} <> 0 THEN {person} END)"
        for rule in broken
    )
    found = table.engine.rows(f"SELECT {counts} FROM {table.every} WHERE _mask <> 0")[0]
    return {rule.code: int(people) for rule, people in zip(broken, found, strict=True)}


def _people(table: CheckedTable, accepted: str) -> str | None:
    """SQL of the ids of the patients that rows name: of accepted rows, and of those that break any rule."""
    column = _person_column(table)
    if column is None:
        return None
    if table.in_place:
        return f"SELECT id FROM people_{table.name}"
    broken = f"SELECT {column} FROM {table.every} WHERE _mask <> 0"
    return f"SELECT {column} AS id FROM ({accepted}) UNION ALL {broken}"


def _person_column(table: CheckedTable) -> str | None:
    """The column that says whom a row is about, as SQL; None where the table names nobody."""
    return identifier(table.person.name) if table.person else None


def _accepted_copies(table: CheckedTable, setting: list[Rule], condition: str) -> str:
    """SQL of the accepted rows of the checked files, of those for which ``condition`` holds."""
    fields = []
    for column in table.contract.columns:
        name = identifier(column.name)
        own = bits(table.contract, (rule for rule in setting if rule.column == column.name))
        kept = f"CASE WHEN c._mask & {own} = 0 THEN c.{name} END AS {name}" if own else f"c.{name}"
        fields.append(kept)
    rows = f"SELECT * FROM {table.every} WHERE {table.good} AND {condition}"
    accepted = f"SELECT {', '.join(fields)} FROM ({rows}) c"
    if table.engine.scalar(f"SELECT count(*) FROM repeats_{table.name}"):
        accepted += f" ANTI JOIN repeats_{table.name} f ON f._file = c._file AND f._line = c._line"
    return accepted


def _find_repeats(table: CheckedTable) -> None:
    """Table ``repeats_<name>(_file, _line, outcome)``: accepted rows that repeat another."""
    engine, name = table.engine, f"repeats_{table.name}"
    engine.create_table(
        name, "SELECT CAST(0 AS BIGINT) AS _file, CAST(0 AS BIGINT) AS _line, '' AS outcome WHERE FALSE"
    )
    for files, lines in table.hashes.repeats():
        found: list[pa.Array[Any]] = [pa.array(files), pa.array(lines), pa.repeat("duplicate", len(files))]
        engine.append(name, pa.table(found, names=["_file", "_line", "outcome"]))
    if table.contract.key:
        good = f"SELECT * FROM {table.every} WHERE {table.good}"
        engine.execute(f"INSERT INTO {name} {_key_conflicts(table.name, table.contract, good)}")


def _key_conflicts(name: str, contract: Contract, good: str) -> str:
    """Rows whose key another row holds with other content, all but the one to keep."""
    key = ", ".join(identifier(column) for column in contract.key)
    content = ", ".join(f"{identifier(column.name)} NULLS LAST" for column in contract.columns)
    order = ", ".join([*contract.keep, content])
    return f"""
        SELECT _file, _line, 'key' FROM (
            SELECT _file, _line, row_number() OVER (
                PARTITION BY {key} ORDER BY {order}, _file, _line) AS place
            FROM ({good}) c ANTI JOIN repeats_{name} f ON f._file = c._file AND f._line = c._line
        ) WHERE place > 1"""


def _file_receipts(table: CheckedTable) -> tuple[FileReceipt, ...]:
    """Every file's rows by what became of them; loaded ones are those that the engine read and nothing took."""
    engine, name = table.engine, table.name
    counts = {place: Counter({"loaded": rows}) for place, rows in enumerate(table.hashes.rows)}
    for place, rows in engine.rows(
        f"SELECT _file, count(*) FROM {table.every} WHERE NOT ({table.good}) GROUP BY ALL"
    ):
        counts[place]["quarantined"] += rows
    for place, outcome, rows in engine.rows(
        f"SELECT _file, outcome, count(*) FROM repeats_{name} GROUP BY ALL"
    ):
        counts[place]["loaded"] -= rows
        counts[place]["duplicates" if outcome == "duplicate" else "quarantined"] += rows
    for place, rows in engine.rows(f"SELECT _file, count(*) FROM broken_{name} GROUP BY ALL"):
        counts[place]["quarantined"] += rows
    return tuple(
        _receipt(source, table.contract, counts[place]) for place, source in enumerate(table.sources)
    )


def _receipt(source: Source, contract: Contract, count: Counter[str]) -> FileReceipt:
    named = {column.name for column in contract.columns}
    return FileReceipt(
        name=source.file.name,
        bytes=source.file.path.stat().st_size,
        rows_in=source.rows_in,
        loaded=count["loaded"],
        quarantined=count["quarantined"],
        duplicates=count["duplicates"],
        unread=tuple(column for column in source.file.columns if column not in named),
        missing=tuple(
            column.name
            for column in contract.columns
            if column.name not in source.file.columns and column.kind != DELIVERY
        ),
        notes=source.file.notes,
        undeclared_gaps=source.undeclared_gaps,
    )


def _rule_counts(table: CheckedTable) -> dict[str, int]:
    contract, name = table.contract, table.name
    sums = [
        f"CAST(count(*) FILTER (WHERE _mask & {bits(contract, [rule])} <> 0) AS BIGINT)"
        for rule in contract.rules
    ]
    found = table.engine.rows(f"SELECT {', '.join(sums)} FROM {table.every}")[0]
    counts = {rule.code: int(rows) for rule, rows in zip(contract.rules, found, strict=True)}
    for rule in contract.rules_of("complete_row"):
        counts[rule.code] = int(table.engine.scalar(f"SELECT count(*) FROM broken_{name}"))
    for rule in contract.rules_of("unique"):
        of_keys = f"SELECT count(*) FROM repeats_{name} WHERE outcome = 'key'"
        counts[rule.code] = int(table.engine.scalar(of_keys))
    return counts
