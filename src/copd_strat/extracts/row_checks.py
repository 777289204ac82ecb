"""Accept or quarantine every row of a table: one pass over each file, then keys and duplicates across files.

Every row is written once, typed, with the rules it breaks as bits of ``_mask``; accepted rows are those whose
rejecting bits are all clear. A row that breaks a rule keeps its original text, for the quarantine.
"""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path

import pandas as pd

from copd_strat.checks import check_kind
from copd_strat.checks.violations import violation
from copd_strat.contracts.contract import SQL_TYPES, Contract, Rule
from copd_strat.engine import Engine, literal
from copd_strat.engine.sql import identifier
from copd_strat.extracts.receipts import FileReceipt, TableReceipt
from copd_strat.extracts.source_files import reading
from copd_strat.extracts.staging import Source
from copd_strat.extracts.typed_values import typed

# Hashes of this many rows are compared at a time, which bounds the memory of the search for duplicates.
_HASHES_A_PASS = 8_000_000

# Parquet of at least this many rows, in not too many files, is not copied: masks refer to its lines. One line
# in 64 is copied all the same, for the check of the checks.
_MANY_ROWS, _MAX_FILES_IN_PLACE, _SAMPLED_LINE = 1_000_000, 100, 64


def accept_table(
    engine: Engine,
    contract: Contract,
    sources: list[Source],
    *,
    number: int,
    work: Path,
    quarantine: Path,
    as_of: date,
) -> TableReceipt:
    """Check all files of one table, the night's ``number``-th; typed rows go below ``work``."""
    name = f"{number:02d}"
    checked = work / "checked"
    checked.mkdir(parents=True)
    in_place = _stay_in_place(engine, contract, sources)
    for place, source in enumerate(sources):
        with reading(source.file.name):
            _check_file(engine, contract, source, place, checked, as_of, in_place=in_place)
    broken = " UNION ALL ".join(
        f"SELECT {place} AS _file, * FROM ({source.broken})" for place, source in enumerate(sources)
    )
    engine.create_table(f"broken_{name}", broken)
    every = f"read_parquet({literal(str(checked / '*.parquet'))}, union_by_name = true)"
    good = f"SELECT * FROM {every} WHERE {_is_good(contract)}"
    _find_fates(engine, name, contract, good)
    _write_quarantine(engine, name, contract, sources, every, quarantine)
    return TableReceipt(
        layout=contract.layout,
        table=contract.table,
        contract=contract,
        files=_file_receipts(engine, name, contract, sources, every),
        rules=_rule_counts(engine, name, contract, every),
        checked=checked,
        accepted=_accepted(engine, name, contract, sources, every, in_place=in_place),
        sampled=_SAMPLED_LINE if in_place else 1,
    )


def _stay_in_place(engine: Engine, contract: Contract, sources: list[Source]) -> bool:
    """Whether a table's files may be read where they lie: much Parquet, typed as wanted, without a key."""
    if contract.key or len(sources) > _MAX_FILES_IN_PLACE:
        return False
    for source in sources:
        kinds = [(column.type, source.file.columns.get(column.name)) for column in contract.columns]
        if source.file.is_text or any(kind == "VARCHAR" and wanted != "string" for wanted, kind in kinds):
            return False
    rows = (int(engine.scalar(f"SELECT count(*) FROM ({source.rows})")) for source in sources)
    return sum(rows) >= _MANY_ROWS


def _accepted(
    engine: Engine, name: str, contract: Contract, sources: list[Source], every: str, *, in_place: bool
) -> str:
    """SQL of the accepted rows: out of the checked files, or, in place, of each source file itself."""
    names = ", ".join(f"c.{identifier(column.name)}" for column in contract.columns)
    if not in_place:
        accepted = f"SELECT {names} FROM (SELECT * FROM {every} WHERE {_is_good(contract)}) c"
        if engine.scalar(f"SELECT count(*) FROM fate_{name}"):
            accepted += f" ANTI JOIN fate_{name} f ON f._file = c._file AND f._line = c._line"
        return accepted
    rejected = f"SELECT _file, _line FROM {every} WHERE NOT ({_is_good(contract)})"
    engine.create_table(f"unwanted_{name}", f"{rejected} UNION ALL SELECT _file, _line FROM fate_{name}")
    unwanted = {place for (place,) in engine.rows(f"SELECT DISTINCT _file FROM unwanted_{name}")}
    pieces = []
    for place, source in enumerate(sources):
        fields = ", ".join(
            f"{value} AS {identifier(column)}" for column, value in _typed_columns(contract, source).items()
        )
        rows = f"SELECT {fields} FROM ({source.rows}) r"
        if place in unwanted:
            lines = f"SELECT _line FROM unwanted_{name} WHERE _file = {place}"
            rows += f" ANTI JOIN ({lines}) f ON f._line = r._line"
        pieces.append(rows)
    return " UNION ALL ".join(pieces)


def _typed_columns(contract: Contract, source: Source) -> dict[str, str]:
    """The contract's columns with the SQL of their typed values; a gap where the file lacks the column."""
    there = source.file.columns
    return {
        column.name: typed(column, there[column.name], contract.date_formats)
        if column.name in there
        else f"CAST(NULL AS {SQL_TYPES[column.type]})"
        for column in contract.columns
    }


def _check_file(
    engine: Engine,
    contract: Contract,
    source: Source,
    place: int,
    checked: Path,
    as_of: date,
    *,
    in_place: bool,
) -> None:
    """Write every row of a file with the rules it breaks; in place, typed columns of some lines only."""
    there = source.file.columns
    fields = ", ".join(
        f"{identifier(name)} := {value}" for name, value in _typed_columns(contract, source).items()
    )
    names = ", ".join(f"t.{identifier(column.name)}" for column in contract.columns)
    raw = ", ".join(_kept_text(column.name, column.name in there) for column in contract.columns)
    mask = _mask(engine, contract, source, as_of)
    judgement = f"{place} AS _file, r._line AS _line, _mask, hash(t) AS _hash"
    rows = f"""
        FROM (SELECT r, t, {mask} AS _mask
              FROM (SELECT r, struct_pack({fields}) AS t FROM ({source.rows}) r)
              {_join_of_known_patients(contract)})"""
    kept = f"(_mask <> 0 OR r._line % {_SAMPLED_LINE} = 0)" if in_place else "TRUE"
    engine.write_parquet(
        f"SELECT {names}, {judgement}, CASE WHEN _mask <> 0 THEN struct_pack({raw}) END AS _raw {rows} "
        f"WHERE {kept}",
        checked / f"{place:05d}.parquet",
    )
    if in_place:
        engine.write_parquet(f"SELECT {judgement} {rows} WHERE NOT {kept}", checked / f"{place:05d}_.parquet")


def _join_of_known_patients(contract: Contract) -> str:
    """The join that rules about known patients need; their ``known_patient`` rule names the id's column."""
    if not any(check_kind(rule.check).needs_patient for rule in contract.rules):
        return ""
    column = next(rule.column for rule in contract.rules_of("known_patient"))
    return f"LEFT JOIN known_patients p ON p.patient_id = t.{identifier(column or '')}"


def _kept_text(column: str, there: bool) -> str:
    name = identifier(column)
    return f"{name} := CAST({'r.' + name if there else 'NULL'} AS VARCHAR)"


def bit(contract: Contract, rule: Rule) -> int:
    """The rule's bit in ``_mask``: its place among the contract's rules."""
    return 1 << contract.rules.index(rule)


def _mask(engine: Engine, contract: Contract, source: Source, as_of: date) -> str:
    """The sum of the bits of all broken rules; a rule on a column the file lacks cannot be broken."""
    there = source.file.columns
    terms = []
    for rule in contract.rules:
        kind = check_kind(rule.check)
        if kind.whole_table or rule.column not in there:
            continue
        broken = violation(rule, contract, as_of, there[rule.column])
        # Costly ones are tried on distinct values first, on every row only if one of those breaks the rule.
        if not kind.costly or _occurs(engine, source, contract, rule.column, broken):
            terms.append(f"CASE WHEN {broken} THEN {bit(contract, rule)} ELSE 0 END")
    return "CAST(" + (" + ".join(terms) or "0") + " AS BIGINT)"


def _occurs(engine: Engine, source: Source, contract: Contract, column: str, broken: str) -> bool:
    """Whether any distinct value of the column breaks a rule that looks at nothing else."""
    name = identifier(column)
    value = typed(contract.column(column), source.file.columns[column], contract.date_formats)
    distinct = f"SELECT DISTINCT r.{name} FROM ({source.rows}) r"
    return bool(
        engine.scalar(
            f"SELECT count(*) FROM (SELECT r, struct_pack({name} := {value}) AS t FROM ({distinct}) r) "
            f"WHERE {broken}"
        )
    )


def _is_good(contract: Contract) -> str:
    rejecting = sum(bit(contract, rule) for rule in contract.rules if rule.rejects)
    return f"_mask & {rejecting} = 0"


def _find_fates(engine: Engine, name: str, contract: Contract, good: str) -> None:
    """Table ``fate_<name>(_file, _line, fate)``: accepted rows that repeat another."""
    rows = int(engine.scalar(f"SELECT count(*) FROM ({good})"))
    passes = max(1, -(-rows // _HASHES_A_PASS))
    repeated = " UNION ALL ".join(
        f"(SELECT _hash FROM ({good}) WHERE _hash % {passes} = {step} GROUP BY _hash HAVING count(*) > 1)"
        for step in range(passes)
    )
    engine.create_table(f"repeated_{name}", repeated)
    engine.create_table(
        f"fate_{name}",
        f"""SELECT _file, _line, 'duplicate' AS fate FROM (
                SELECT _file, _line, row_number() OVER (PARTITION BY _hash ORDER BY _file, _line) AS place
                FROM ({good}) WHERE _hash IN (SELECT _hash FROM repeated_{name})
            ) WHERE place > 1""",
    )
    engine.execute(f"DROP TABLE repeated_{name}")
    if contract.key:
        engine.execute(f"INSERT INTO fate_{name} {_key_conflicts(name, contract, good)}")


def _key_conflicts(name: str, contract: Contract, good: str) -> str:
    """Rows whose key another row holds with other content, all but the one to keep."""
    key = ", ".join(identifier(column) for column in contract.key)
    content = ", ".join(f"{identifier(column.name)} NULLS LAST" for column in contract.columns)
    order = ", ".join([*contract.keep, content])
    return f"""
        SELECT _file, _line, 'key' FROM (
            SELECT _file, _line, row_number() OVER (
                PARTITION BY {key} ORDER BY {order}, _file, _line) AS place
            FROM ({good}) c ANTI JOIN fate_{name} f ON f._file = c._file AND f._line = c._line
        ) WHERE place > 1"""


def _file_receipts(
    engine: Engine, name: str, contract: Contract, sources: list[Source], every: str
) -> tuple[FileReceipt, ...]:
    counts: dict[int, Counter[str]] = {number: Counter() for number in range(len(sources))}
    for number, good, rows in engine.rows(
        f"SELECT _file, {_is_good(contract)} AS good, count(*) FROM {every} GROUP BY ALL"
    ):
        counts[number]["loaded" if good else "quarantined"] += rows
    for number, fate, rows in engine.rows(f"SELECT _file, fate, count(*) FROM fate_{name} GROUP BY ALL"):
        counts[number]["loaded"] -= rows
        counts[number]["duplicates" if fate == "duplicate" else "quarantined"] += rows
    for number, rows in engine.rows(f"SELECT _file, count(*) FROM broken_{name} GROUP BY ALL"):
        counts[number]["quarantined"] += rows
    return tuple(_receipt(source, contract, counts[number]) for number, source in enumerate(sources))


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
        notes=source.file.notes,
        undeclared_gaps=source.undeclared_gaps,
    )


def _rule_counts(engine: Engine, name: str, contract: Contract, every: str) -> dict[str, int]:
    sums = [
        f"CAST(count(*) FILTER (WHERE _mask & {bit(contract, rule)} <> 0) AS BIGINT)"
        for rule in contract.rules
    ]
    found = engine.rows(f"SELECT {', '.join(sums)} FROM {every}")[0]
    counts = {rule.code: int(rows) for rule, rows in zip(contract.rules, found, strict=True)}
    for rule in contract.rules_of("complete_row"):
        counts[rule.code] = int(engine.scalar(f"SELECT count(*) FROM broken_{name}"))
    for rule in contract.rules_of("unique"):
        counts[rule.code] = int(engine.scalar(f"SELECT count(*) FROM fate_{name} WHERE fate = 'key'"))
    return counts


def _write_quarantine(
    engine: Engine, name: str, contract: Contract, sources: list[Source], every: str, quarantine: Path
) -> None:
    """The quarantine file: file, line, column, rule, reason, fix and the row as it came."""
    _name_rules(engine, contract, sources)
    rejecting = sum(bit(contract, rule) for rule in contract.rules if rule.rejects)
    withheld = sum(bit(contract, rule) for rule in contract.rules if rule.withholds)
    key_rule = next((rule.code for rule in contract.rules_of("unique")), "")
    line_rule = next((rule.code for rule in contract.rules_of("complete_row")), "")
    original = ", ".join(
        f"CASE WHEN c._mask & {withheld} = 0 "
        f"THEN coalesce(c._raw.{column}, CAST(c.{column} AS VARCHAR)) END AS {column}"
        for column in (identifier(column.name) for column in contract.columns)
    )
    nothing = ", ".join(f"NULL AS {identifier(column.name)}" for column in contract.columns)
    hits = f"""
        SELECT c._file, c._line, s.rule, s.rule_column, s.reason, s.fix, {original}, NULL AS record
        FROM {every} c JOIN rules_now s ON c._mask & s.rule_bit <> 0 WHERE c._mask & {rejecting} <> 0
        UNION ALL
        SELECT c._file, c._line, s.rule, s.rule_column, s.reason, s.fix, {original}, NULL AS record
        FROM {every} c JOIN fate_{name} f ON f._file = c._file AND f._line = c._line AND f.fate = 'key'
        JOIN rules_now s ON s.rule = {literal(key_rule)}
        UNION ALL
        SELECT b._file, -b._line, s.rule, s.rule_column, s.reason, s.fix, {nothing}, b.record
        FROM broken_{name} b JOIN rules_now s ON s.rule = {literal(line_rule)}"""
    # A readable row's number leaves out the header and the unreadable lines before it; its line does not.
    nth = "row_number() OVER (PARTITION BY _file ORDER BY _line)"
    places = f"SELECT _file, _line - 1 - {nth} AS place FROM broken_{name}"
    skipped = f"(SELECT count(*) FROM ({places}) q WHERE q._file = h._file AND q.place < h._line)"
    select = f"""
        SELECT n.file, CASE WHEN h._line < 0 THEN -h._line ELSE h._line + n.head + {skipped} END AS line,
               h.* EXCLUDE (_file, _line)
        FROM ({hits}) h JOIN files_now n ON n.number = h._file
        ORDER BY n.file, line, rule"""
    if engine.scalar(f"SELECT count(*) FROM ({hits})"):
        engine.write_parquet(select, quarantine)


def _name_rules(engine: Engine, contract: Contract, sources: list[Source]) -> None:
    rules = [
        (rule.code, bit(contract, rule), rule.column or "", rule.description, rule.fix)
        for rule in contract.rules
    ]
    engine.register_frame(
        "rules_now", pd.DataFrame(rules, columns=["rule", "rule_bit", "rule_column", "reason", "fix"])
    )
    heads = [
        (number, source.file.name, source.file.title_lines + int(source.file.is_text))
        for number, source in enumerate(sources)
    ]
    engine.register_frame("files_now", pd.DataFrame(heads, columns=["number", "file", "head"]))
