"""Does what came belong to these patients, in codes that are known? (docs/decisions.md: linkage, codes)"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from copd_strat.extracts.receipts import CodedColumn, Linkage, TableReceipt
from copd_strat.quality.findings import Finding, Section
from copd_strat.quality.gate_rules import ABOUT_THESE_PATIENTS, IDS_WRITTEN_ALIKE

# A table of general practice that links fewer of at least so many patients was made for other people.
MIN_GP_SHARE, FEWEST_PATIENTS = 0.5, 20
# The cause of ids that a tried repair would bring together.
SPELLING = "ids are written in two ways"


def judge_linkage(linkages: Iterable[Linkage]) -> list[Finding]:
    """Tables that join with too few patients: what stops the night, and what is no source of anything."""
    return [finding for linkage in linkages if (finding := _judge(linkage)) is not None]


def _judge(linkage: Linkage) -> Finding | None:
    table, share = f"{linkage.layout}.{linkage.table}", linkage.share
    seen = (
        f"{table}: {linkage.linked:,} of {linkage.patients:,} patients are in the patients table, "
        f"by column {linkage.column}"
    )
    figures = {"linked": linkage.linked, "patients": linkage.patients}
    if linkage.repair is not None:
        return Finding(
            cause=SPELLING,
            subject=table,
            weight="stop",
            sentence=f"{seen}; it would be {linkage.repaired:,} but that {linkage.repair}",
            fix=f"export {linkage.column} as text, in the same form as in the patients table",
            figures={**figures, "linked_if_repaired": linkage.repaired},
            codes=(IDS_WRITTEN_ALIKE.code,),
        )
    if linkage.gp and share is not None and share < MIN_GP_SHARE and linkage.patients >= FEWEST_PATIENTS:
        return Finding(
            cause="a table is about other people",
            subject=table,
            weight="stop",
            sentence=f"{seen}; records of general practice must be about the patients that came with them",
            fix=ABOUT_THESE_PATIENTS.fix,
            figures=figures,
            codes=(ABOUT_THESE_PATIENTS.code,),
        )
    if not linkage.is_source:
        return Finding(
            cause="a table joins with too few patients",
            subject=table,
            weight="warn",
            sentence=f"{seen}, and its contract expects {linkage.floor:.0%}: what is not in it is not "
            "taken for not having happened",
            fix="ask the sender by which ids, and for whom, the table was made",
            figures=figures,
        )
    return None


def linkage_section(linkages: Iterable[Linkage]) -> Section:
    """Every table that names patients: how many of them are known."""
    return Section(
        title="Linkage",
        introduction="Distinct patients of each table, and how many of them are in the patients table. Below "
        "its floor a table is no source: what it does not say is not known.",
        columns=("table", "patients", "in the patients table", "share", "floor", "ids differ in"),
        rows=tuple(
            (f"{one.layout}.{one.table}", one.patients, one.linked, one.share, one.floor, one.repair)
            for one in linkages
        ),
    )


def missing_section(receipts: Iterable[TableReceipt]) -> Section:
    """Columns of the contracts that files do not have: what stands in them is not known."""
    return Section(
        title="Columns that did not come",
        introduction="Columns that a contract knows and a file lacks. They may be left out; then nothing that "
        "rests on them can be seen.",
        columns=("table", "file", "columns"),
        rows=tuple(
            (f"{receipt.layout}.{receipt.table}", file.name, _in_runs(file.missing))
            for receipt in receipts
            for file in receipt.files
            if file.missing
        ),
    )


def _in_runs(columns: Iterable[str]) -> str:
    """Names, those that differ in a number only told by the first and the last: 'diagnosis_02 … diagnosis_20'."""
    runs: dict[str, list[str]] = {}
    for column in columns:
        runs.setdefault(re.sub("[0-9]+", "0", column), []).append(column)
    return ", ".join(found[0] if len(found) == 1 else f"{found[0]} … {found[-1]}" for found in runs.values())


def coded_section(receipts: Iterable[TableReceipt]) -> Section:
    """Every coded column: rows whose code was spelt otherwise, said to be unknown, or is no known code."""
    return Section(
        title="Coded columns",
        introduction="Values outside a column's value set are not known, and stand for nothing. Values that "
        "fewer than five rows hold are counted without being shown.",
        columns=("column", "rows", "spelt otherwise", "said to be not known", "no known code", "which"),
        rows=tuple(_coded_rows(receipts)),
    )


def _coded_rows(receipts: Iterable[TableReceipt]) -> Iterator[tuple[str, int, int, int, int, str]]:
    for receipt in receipts:
        for one in receipt.codes:
            name = f"{receipt.layout}.{receipt.table}.{one.column}"
            yield name, one.rows, one.respelled, one.said_unknown, one.unknown, _shown(one)


def _shown(column: CodedColumn) -> str:
    return ", ".join(f"{value} ({rows:,})" for value, rows in column.unknown_values)
