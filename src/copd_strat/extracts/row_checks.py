"""Accept or quarantine every row of a table: one pass over each file, then keys and duplicates across files.

Every row is written once, typed, with the rules it breaks as bits of ``_mask``; accepted rows are those whose
rejecting bits are all clear, without the values whose setting-aside bits are set. A row that breaks a rule
keeps its original text, for the quarantine.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from copd_strat.checks import check_kind
from copd_strat.checks.violations import violation
from copd_strat.contracts.contract import SQL_TYPES, Contract, Rule
from copd_strat.engine import Engine, literal
from copd_strat.engine.sql import identifier
from copd_strat.extracts.coded_values import Spellings, spellings, summarise
from copd_strat.extracts.quarantine import CheckedRows, bits, write_quarantine, write_set_aside
from copd_strat.extracts.receipts import FileReceipt, TableReceipt
from copd_strat.extracts.source_files import reading
from copd_strat.extracts.staging import Source
from copd_strat.extracts.typed_values import typed

# Hashes of this many rows are compared at a time, which bounds the memory of the search for duplicates.
_HASHES_A_PASS = 8_000_000

# Columns of these kinds say whom a row is about.
PEOPLE_KINDS = ("patient_id", "person_id")

# Parquet of at least this many rows, in not too many files, is not copied: masks refer to its lines. One line
# in 64 is copied all the same, for the check of the checks.
_MANY_ROWS, _MAX_FILES_IN_PLACE, _SAMPLED_LINE = 1_000_000, 100, 64


@dataclass(frozen=True, kw_only=True)
class _Table:
    """One source table while its rows are checked: ``every`` selects all its rows with their masks.

    ``spelt`` holds, file by file, the spellings of the coded columns; ``name`` is the table's number in the
    night, which its working tables carry.
    """

    engine: Engine
    contract: Contract
    sources: list[Source]
    name: str
    checked: Path
    as_of: date
    in_place: bool
    spelt: list[dict[str, Spellings]]

    @property
    def every(self) -> str:
        return f"read_parquet({literal(str(self.checked / '*.parquet'))}, union_by_name = true)"

    @property
    def good(self) -> str:
        """SQL that is true of the rows that break no rejecting rule."""
        return f"_mask & {bits(self.contract, (r for r in self.contract.rules if r.rejects))} = 0"


def accept_table(
    engine: Engine,
    contract: Contract,
    sources: list[Source],
    *,
    number: int,
    work: Path,
    quality: Path,
    file_name: str,
    as_of: date,
) -> TableReceipt:
    """Check all files of one table, the night's ``number``-th; typed rows go below ``work``.

    Rows that were refused, and values that were set aside, go to ``<file_name>.parquet`` in the folders
    ``quarantine`` and ``set_aside`` of ``quality``.
    """
    checked = work / "checked"
    checked.mkdir(parents=True)
    table = _Table(
        engine=engine,
        contract=contract,
        sources=sources,
        name=f"{number:02d}",
        checked=checked,
        as_of=as_of,
        in_place=_stay_in_place(engine, contract, sources),
        spelt=[spellings(engine, contract, source.file.columns, source.rows) for source in sources],
    )
    for place, source in enumerate(sources):
        with reading(source.file.name):
            _check_file(table, source, place)
    broken = " UNION ALL ".join(
        f"SELECT {place} AS _file, * FROM ({source.broken})" for place, source in enumerate(sources)
    )
    engine.create_table(f"broken_{table.name}", broken)
    _find_repeats(table)
    rules = _rule_counts(table)
    set_aside = quality / "set_aside" / f"{file_name}.parquet"
    rows = CheckedRows(name=table.name, contract=contract, sources=sources, every=table.every)
    write_quarantine(engine, rows, quality / "quarantine" / f"{file_name}.parquet")
    accepted = _accepted(table, rules)
    return TableReceipt(
        layout=contract.layout,
        table=contract.table,
        contract=contract,
        files=_file_receipts(table),
        rules=rules,
        checked=checked,
        accepted=accepted,
        people=_people(table, accepted),
        broken_by=_people_by_rule(table, rules),
        sampled=_SAMPLED_LINE if table.in_place else 1,
        codes=summarise(table.spelt),
        set_aside=set_aside if write_set_aside(engine, rows, rules, set_aside) else None,
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


def _accepted(table: _Table, rules: Mapping[str, int]) -> str:
    """SQL of the accepted rows: out of the checked files, or, in place, of each source file itself.

    In place, rows with a value set aside are taken from the checked files, which hold every row that breaks
    any rule.
    """
    setting = [rule for rule in table.contract.rules if rule.sets_aside and rules[rule.code]]
    if not table.in_place:
        return _accepted_copies(table, setting, "TRUE")
    aside = f"_mask & {bits(table.contract, setting)} <> 0"
    unwanted = f"SELECT _file, _line FROM {table.every} WHERE NOT ({table.good}) OR {aside}"
    table.engine.create_table(
        f"unwanted_{table.name}", f"{unwanted} UNION ALL SELECT _file, _line FROM repeats_{table.name}"
    )
    lacking = {place for (place,) in table.engine.rows(f"SELECT DISTINCT _file FROM unwanted_{table.name}")}
    pieces = [_accepted_copies(table, setting, aside)] if setting else []
    for place, source in enumerate(table.sources):
        fields = ", ".join(
            f"{value} AS {identifier(column)}" for column, value in _typed_columns(table, place).items()
        )
        rows = f"SELECT {fields} FROM ({source.rows}) r"
        if place in lacking:
            lines = f"SELECT _line FROM unwanted_{table.name} WHERE _file = {place}"
            rows += f" ANTI JOIN ({lines}) f ON f._line = r._line"
        pieces.append(rows)
    return " UNION ALL ".join(pieces)


def _people_by_rule(table: _Table, rules: Mapping[str, int]) -> dict[str, int]:
    """Of how many people are the rows that break each rule? Asked only of rules on values that are broken."""
    broken = [rule for rule in table.contract.rules if rule.column and rules[rule.code]]
    column = _person_column(table.contract)
    if column is None or not broken:
        return {}
    person = f"coalesce({column}, concat('row ', _file, ' ', _line))"
    counts = ", ".join(
        f"count(DISTINCT CASE WHEN _mask & {bits(table.contract, [rule])} <> 0 THEN {person} END)"
        for rule in broken
    )
    found = table.engine.rows(f"SELECT {counts} FROM {table.every} WHERE _mask <> 0")[0]
    return {rule.code: int(people) for rule, people in zip(broken, found, strict=True)}


def _people(table: _Table, accepted: str) -> str | None:
    """SQL of the ids of the patients that rows name: of accepted rows, and of those that break any rule."""
    column = _person_column(table.contract)
    if column is None:
        return None
    broken = f"SELECT {column} FROM {table.every} WHERE _mask <> 0"
    return f"SELECT {column} AS id FROM ({accepted}) UNION ALL {broken}"


def _person_column(contract: Contract) -> str | None:
    """The column that says whom a row is about, as SQL; None where the table names nobody."""
    names = (column.name for column in contract.columns if column.kind in PEOPLE_KINDS)
    return next((identifier(name) for name in names), None)


def _accepted_copies(table: _Table, setting: list[Rule], condition: str) -> str:
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


def _typed_columns(table: _Table, place: int) -> dict[str, str]:
    """The contract's columns with the SQL of their typed values; a gap where the file lacks the column."""
    there, spelt = table.sources[place].file.columns, table.spelt[place]
    fields = {}
    for column in table.contract.columns:
        value = f"CAST(NULL AS {SQL_TYPES[column.type]})"
        if column.name in there:
            value = typed(column, there[column.name], table.contract.date_formats)
        fields[column.name] = spelt[column.name].sql(value) if column.name in spelt else value
    return fields


def _check_file(table: _Table, source: Source, place: int) -> None:
    """Write every row of a file with the rules it breaks; in place, typed columns of some lines only."""
    contract, there = table.contract, source.file.columns
    columns = _typed_columns(table, place).items()
    fields = ", ".join(f"{identifier(name)} := {value}" for name, value in columns)
    names = ", ".join(f"t.{identifier(column.name)}" for column in contract.columns)
    raw = ", ".join(_kept_text(column.name, column.name in there) for column in contract.columns)
    judgement = f"{place} AS _file, r._line AS _line, _mask, hash(t) AS _hash"
    rows = f"""
        FROM (SELECT r, t, {_mask(table, source)} AS _mask
              FROM (SELECT r, struct_pack({fields}) AS t FROM ({source.rows}) r)
              {_join_of_known_patients(contract)})"""
    kept = f"(_mask <> 0 OR r._line % {_SAMPLED_LINE} = 0)" if table.in_place else "TRUE"
    table.engine.write_parquet(
        f"SELECT {names}, {judgement}, CASE WHEN _mask <> 0 THEN struct_pack({raw}) END AS _raw {rows} "
        f"WHERE {kept}",
        table.checked / f"{place:05d}.parquet",
    )
    if table.in_place:
        rest = table.checked / f"{place:05d}_.parquet"
        table.engine.write_parquet(f"SELECT {judgement} {rows} WHERE NOT {kept}", rest)


def _join_of_known_patients(contract: Contract) -> str:
    """The join that rules about known patients need; their ``known_patient`` rule names the id's column."""
    if not any(check_kind(rule.check).needs_patient for rule in contract.rules):
        return ""
    column = next(rule.column for rule in contract.rules_of("known_patient"))
    return f"LEFT JOIN known_patients p ON p.patient_id = t.{identifier(column or '')}"


def _kept_text(column: str, there: bool) -> str:
    name = identifier(column)
    return f"{name} := CAST({'r.' + name if there else 'NULL'} AS VARCHAR)"


def _mask(table: _Table, source: Source) -> str:
    """The sum of the bits of all broken rules; a rule on a column the file lacks cannot be broken."""
    contract, there = table.contract, source.file.columns
    terms = []
    for rule in contract.rules:
        if rule.column is None or rule.column not in there:
            continue
        broken = violation(rule, contract, table.as_of, there[rule.column])
        costly = check_kind(rule.check).costly
        if not costly or _occurs(table.engine, source, contract, rule.column, broken):
            terms.append(f"CASE WHEN {broken} THEN {bits(contract, [rule])} ELSE 0 END")
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


def _find_repeats(table: _Table) -> None:
    """Table ``repeats_<name>(_file, _line, outcome)``: accepted rows that repeat another."""
    engine, name = table.engine, table.name
    good = f"SELECT * FROM {table.every} WHERE {table.good}"
    rows = int(engine.scalar(f"SELECT count(*) FROM ({good})"))
    passes = max(1, -(-rows // _HASHES_A_PASS))
    repeated = " UNION ALL ".join(
        f"(SELECT _hash FROM ({good}) WHERE _hash % {passes} = {step} GROUP BY _hash HAVING count(*) > 1)"
        for step in range(passes)
    )
    engine.create_table(f"repeated_{name}", repeated)
    engine.create_table(
        f"repeats_{name}",
        f"""SELECT _file, _line, 'duplicate' AS outcome FROM (
                SELECT _file, _line, row_number() OVER (PARTITION BY _hash ORDER BY _file, _line) AS place
                FROM ({good}) WHERE _hash IN (SELECT _hash FROM repeated_{name})
            ) WHERE place > 1""",
    )
    engine.drop(f"repeated_{name}")
    if table.contract.key:
        engine.execute(f"INSERT INTO repeats_{name} {_key_conflicts(name, table.contract, good)}")


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


def _file_receipts(table: _Table) -> tuple[FileReceipt, ...]:
    engine, name = table.engine, table.name
    counts: dict[int, Counter[str]] = {number: Counter() for number in range(len(table.sources))}
    for number, good, rows in engine.rows(
        f"SELECT _file, {table.good} AS good, count(*) FROM {table.every} GROUP BY ALL"
    ):
        counts[number]["loaded" if good else "quarantined"] += rows
    for number, outcome, rows in engine.rows(
        f"SELECT _file, outcome, count(*) FROM repeats_{name} GROUP BY ALL"
    ):
        counts[number]["loaded"] -= rows
        counts[number]["duplicates" if outcome == "duplicate" else "quarantined"] += rows
    for number, rows in engine.rows(f"SELECT _file, count(*) FROM broken_{name} GROUP BY ALL"):
        counts[number]["quarantined"] += rows
    return tuple(
        _receipt(source, table.contract, counts[number]) for number, source in enumerate(table.sources)
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
        missing=tuple(column.name for column in contract.columns if column.name not in source.file.columns),
        notes=source.file.notes,
        undeclared_gaps=source.undeclared_gaps,
    )


def _rule_counts(table: _Table) -> dict[str, int]:
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
