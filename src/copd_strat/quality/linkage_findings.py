"""Does what came belong to these patients, in codes that are known? (docs/decisions.md: linkage, codes)"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from copd_strat.config import GuardSettings
from copd_strat.extracts.receipts import CodedColumn, Ingested, Linkage, TableReceipt
from copd_strat.quality.findings import Finding, Section
from copd_strat.quality.gate_rules import ABOUT_THESE_PATIENTS, IDS_WRITTEN_ALIKE
from copd_strat.quality.guard_findings import fixed_limit, told_only
from copd_strat.quality.guard_volumes import GP_TABLES

# A table of general practice that links fewer of at least so many patients was made for other people.
MIN_GP_SHARE, FEWEST_PATIENTS = 0.5, 20
# Against last night: a share that fell by so much, and by so many people, stops the night.
FALL, FEWEST_FALLEN = 0.1, 10
# On a first night: fewer of so many people with a record are told (docs/decisions.md §61).
LEAST_REACHED, FEWEST_TO_JUDGE = 0.8, 50
WITHOUT_RECORDS = "people have no records"
# The cause of ids that a tried repair would bring together.
SPELLING = "ids are written in two ways"


def judge_linkage(
    linkages: Iterable[Linkage], last: Mapping[str, float], settings: GuardSettings
) -> list[Finding]:
    """Tables that join with too few patients: what stops the night, and what is no source of anything.

    ``last``: source table → share of its patients that was known last night.
    """
    found = (_judge(one, last.get(f"{one.layout}.{one.table}"), settings) for one in linkages)
    return [finding for finding in found if finding is not None]


def _judge(linkage: Linkage, last: float | None, settings: GuardSettings) -> Finding | None:
    table, share = f"{linkage.layout}.{linkage.table}", linkage.share
    seen = (
        f"{table}: {linkage.linked:,} of {linkage.patients:,} patients are in the patients table, "
        f"by column {linkage.column}"
    )
    figures = {"linked": linkage.linked, "patients": linkage.patients}
    if linkage.repair is not None:
        return _written_otherwise(linkage, seen)
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
    if last is not None and share is not None and _fell(last, share, linkage.patients):
        return _fallen(table, seen, {**figures, "share": share, "share_last_night": last}, settings)
    return None if linkage.is_source else _no_source(linkage, seen)


def _written_otherwise(linkage: Linkage, seen: str) -> Finding:
    return Finding(
        cause=SPELLING,
        subject=f"{linkage.layout}.{linkage.table}",
        weight="stop",
        sentence=f"{seen}; it would be {linkage.repaired:,} were both written alike: {linkage.repair}",
        fix=f"export {linkage.column} as text, in the same form as in the patients table",
        figures={
            "linked": linkage.linked,
            "patients": linkage.patients,
            "linked_if_repaired": linkage.repaired,
        },
        codes=(IDS_WRITTEN_ALIKE.code,),
    )


def _fallen(table: str, seen: str, figures: dict[str, float], settings: GuardSettings) -> Finding:
    shares = f"{figures['share']:.1%} tonight, {figures['share_last_night']:.1%} last night"
    return fixed_limit(
        "GRD15",
        "a table joins with fewer patients than last night",
        table,
        f"{seen}: {shares}; most likely a part of it was made for other people, or has its ids in another form",
        settings,
        figures,
    )


def _no_source(linkage: Linkage, seen: str) -> Finding:
    return Finding(
        cause="a table joins with too few patients",
        subject=f"{linkage.layout}.{linkage.table}",
        weight="warn",
        sentence=f"{seen}, and its contract expects {linkage.floor:.0%}: what is not in it is not "
        "taken for not having happened",
        fix="ask the sender by which ids, and for whom, the table was made",
        figures={"linked": linkage.linked, "patients": linkage.patients},
    )


def _fell(last: float, share: float, people: int) -> bool:
    """By a tenth or more, and by so many of these people that no few of them make it."""
    # rounded: 0.9 - 0.8 is less than 0.1 in binary fractions
    fall = round(last - share, 6)
    return fall >= FALL and fall * people >= FEWEST_FALLEN


@dataclass(frozen=True, kw_only=True)
class Reach:
    """Of the ``people`` in the patients table, how many have a row in the source table behind ``relation``."""

    relation: str
    table: str
    having: int
    people: int

    @property
    def share(self) -> float:
        return self.having / self.people


def reached(ingested: Ingested, feeding: Mapping[str, frozenset[str]], patients: int) -> list[Reach]:
    """For GP events and prescriptions: the source table that most people have rows in.

    Where patients are made from their records themselves, there is nothing to tell. ``patients``: those of
    the night; people whom the patients tables name and who were left out may have records as well.
    """
    people = patients + ingested.left_out
    found = []
    for relation in GP_TABLES:
        sources = feeding.get(relation, frozenset())
        mine = [one for one in ingested.linkages if one.gp and f"{one.layout}.{one.table}" in sources]
        if mine and people:
            most = max(mine, key=lambda one: one.linked)
            table = f"{most.layout}.{most.table}"
            found.append(Reach(relation=relation, table=table, having=most.linked, people=people))
    return found


def judge_reach(
    reaches: Iterable[Reach], last: Mapping[str, float], settings: GuardSettings
) -> Iterator[Finding]:
    """People without any record; ``last``: relation → share of people who had one, empty on a first night."""
    for one in reaches:
        before = last.get(one.relation)
        seen = (
            f"{one.table}: {one.having:,} of the {one.people:,} people in the patients table have a row in it"
        )
        figures = {"having": one.having, "people": one.people, "share": one.share}
        if before is not None and _fell(before, one.share, one.people):
            yield fixed_limit(
                "GRD16",
                WITHOUT_RECORDS,
                one.table,
                f"{seen}: {one.share:.1%} tonight, {before:.1%} last night; most likely a part of the table is missing",
                settings,
                {**figures, "share_last_night": before},
            )
        elif not last and one.people >= FEWEST_TO_JUDGE and one.share < LEAST_REACHED:
            yield told_only(
                "GRD16",
                WITHOUT_RECORDS,
                one.table,
                f"{seen} ({one.share:.1%}; {LEAST_REACHED:.0%} are usual); most likely a part of the table is missing",
                figures,
            )


def linkage_section(linkages: Iterable[Linkage], people: int, last: Mapping[str, float]) -> Section:
    """Every table that names patients: how many of them are known, and whom of our ``people`` it names."""
    return Section(
        title="Linkage",
        introduction="Distinct patients of each table, and how many of them are in the patients table. Below "
        "its floor a table is no source: what it does not say is not known. The share of people is that of the "
        "patients table who have a row in the table.",
        columns=(
            "table",
            "patients",
            "in the patients table",
            "share",
            "share last night",
            "floor",
            "share of people",
            "ids differ in",
        ),
        rows=tuple(
            (
                f"{one.layout}.{one.table}",
                one.patients,
                one.linked,
                one.share,
                last.get(f"{one.layout}.{one.table}"),
                one.floor,
                one.linked / people if people else None,
                one.repair,
            )
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
