"""Rows that were refused and values that were set aside, each with file, line, column, reason and fix."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from copd_strat.contracts.contract import Contract, Rule
from copd_strat.contracts.own_tables import column_names, own_table, select_list, write_selected
from copd_strat.engine import Engine, literal
from copd_strat.engine.sql import identifier
from copd_strat.extracts.staging import Source

_TELLS = "s.rule, s.rule_column, s.reason, s.fix"


@dataclass(frozen=True, kw_only=True)
class CheckedRows:
    """A table's checked rows: ``every`` selects them, ``name`` stands in the names of its working tables."""

    name: str
    contract: Contract
    sources: list[Source]
    every: str


def bits(contract: Contract, rules: Iterable[Rule]) -> int:
    """The bits of ``rules`` in a row's ``_mask``: each has its place among the contract's rules."""
    return sum(1 << contract.rules.index(rule) for rule in rules)


def write_quarantine(engine: Engine, rows: CheckedRows, path: Path) -> bool:
    """Write the rows that were refused, one line for each rule they broke, as they came; tells if any."""
    contract, name = rows.contract, rows.name
    rejecting = bits(contract, (rule for rule in contract.rules if rule.rejects))
    key_rule = next((rule.code for rule in contract.rules_of("unique")), "")
    line_rule = next((rule.code for rule in contract.rules_of("complete_row")), "")
    original = _original_columns(contract)
    nothing = ", ".join(f"NULL AS {identifier(column.name)}" for column in contract.columns)
    hits = f"""
        SELECT c._file, c._line, {_TELLS}, {original}, NULL AS record
        FROM {rows.every} c JOIN rules_now s ON c._mask & s.rule_bit <> 0 WHERE c._mask & {rejecting} <> 0
        UNION ALL
        SELECT c._file, c._line, {_TELLS}, {original}, NULL AS record
        FROM {rows.every} c JOIN repeats_{name} f
        ON f._file = c._file AND f._line = c._line AND f.outcome = 'key'
        JOIN rules_now s ON s.rule = {literal(key_rule)}
        UNION ALL
        SELECT b._file, -b._line, {_TELLS}, {nothing}, b.record
        FROM broken_{name} b JOIN rules_now s ON s.rule = {literal(line_rule)}"""
    columns = select_list(own_table("internal", "quarantine"), column_names(contract))
    return _write(engine, rows, columns, hits, path)


def write_set_aside(engine: Engine, rows: CheckedRows, counts: Mapping[str, int], path: Path) -> bool:
    """Write the values that were set aside, one line each, of rows that were loaded; tells if any."""
    contract = rows.contract
    setting = [rule for rule in contract.rules if rule.sets_aside and counts[rule.code]]
    if not setting:
        return False
    rejecting = bits(contract, (rule for rule in contract.rules if rule.rejects))
    values = " ".join(
        f"WHEN {literal(rule.code)} THEN coalesce(c._raw.{name}, CAST(c.{name} AS VARCHAR))"
        for rule in setting
        for name in [identifier(str(rule.column))]
    )
    hits = f"""
        SELECT c._file, c._line, {_TELLS}, CASE s.rule {values} END AS value
        FROM {rows.every} c JOIN rules_now s ON c._mask & s.rule_bit & {bits(contract, setting)} <> 0
        WHERE c._mask & {rejecting} = 0"""
    return _write(engine, rows, select_list(own_table("internal", "set_aside")), hits, path)


def _original_columns(contract: Contract) -> str:
    """The row as it came; a row that breaks a withholding rule is too sensitive to be kept even here."""
    withheld = bits(contract, (rule for rule in contract.rules if rule.withholds))
    return ", ".join(
        f"CASE WHEN c._mask & {withheld} = 0 "
        f"THEN coalesce(c._raw.{column}, CAST(c.{column} AS VARCHAR)) END AS {column}"
        for column in (identifier(column.name) for column in contract.columns)
    )


def _write(engine: Engine, rows: CheckedRows, columns: str, hits: str, path: Path) -> bool:
    """Write ``columns`` of ``hits`` with names of files and numbers of lines in place of ``_file`` and ``_line``."""
    _name_rules(engine, rows)
    # A readable row's number leaves out the header and the unreadable lines before it; its line does not.
    nth = "row_number() OVER (PARTITION BY _file ORDER BY _line)"
    places = f"SELECT _file, _line - 1 - {nth} AS place FROM broken_{rows.name}"
    skipped = f"(SELECT count(*) FROM ({places}) q WHERE q._file = h._file AND q.place < h._line)"
    placed = f"""
        SELECT n.file, CASE WHEN h._line < 0 THEN -h._line ELSE h._line + n.head + {skipped} END AS line,
               h.* EXCLUDE (_file, _line)
        FROM ({hits}) h JOIN files_now n ON n.number = h._file"""
    found = bool(engine.scalar(f"SELECT count(*) FROM ({hits})"))
    if found:
        write_selected(engine, f"SELECT {columns} FROM ({placed}) p ORDER BY file, line, rule", path)
    return found


def _name_rules(engine: Engine, rows: CheckedRows) -> None:
    rules = [
        (rule.code, bits(rows.contract, [rule]), rule.column or "", rule.description, rule.fix)
        for rule in rows.contract.rules
    ]
    engine.register_frame(
        "rules_now", pd.DataFrame(rules, columns=["rule", "rule_bit", "rule_column", "reason", "fix"])
    )
    heads = [
        (number, source.file.name, source.file.title_lines + int(source.file.is_text))
        for number, source in enumerate(rows.sources)
    ]
    engine.register_frame("files_now", pd.DataFrame(heads, columns=["number", "file", "head"]))
