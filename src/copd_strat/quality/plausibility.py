"""Can the extracts be what they say? Judged from tonight's rows alone, so that a first night is told too.

Limits are project choices (docs/decisions.md §61): an extract as it should be stays far from each of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from copd_strat.engine import Engine, packaged_sql
from copd_strat.engine.sql import identifier
from copd_strat.extracts.receipts import Ingested, Lookup, TableReceipt
from copd_strat.quality.findings import Finding, Section, Weight
from copd_strat.quality.gate_rules import (
    CODES_LOOKED_UP,
    DAYS_DIFFER,
    EMERGENCIES_CAME,
    NUMBERS_DIFFER,
    VALUES_DIFFER,
    GateRule,
)

# So many rows of one value are no chance; as many episodes hold an emergency; as many dates more than one day.
FEWEST_VALUES, FEWEST_EPISODES, FEWEST_DATES, FEWEST_NUMBERS = 100, 50, 200, 100
MAX_SHARE_OF_A_DAY, MAX_SHARE_OF_ZEROS = 0.5, 0.95
# Of rows that are looked up in the sender's own dictionary.
WARN_MISSING, STOP_MISSING, FEWEST_MISSING = 0.05, 0.25, 5


@dataclass(frozen=True, kw_only=True)
class Spread:
    """One column: ``of`` rows have a value, and ``rows`` of them share what was ``looked_for``."""

    table: str
    column: str
    looked_for: str
    rows: int
    of: int

    @property
    def name(self) -> str:
        return f"{self.table}.{self.column}"

    @property
    def share(self) -> float:
        return self.rows / self.of if self.of else 0.0


@dataclass(frozen=True, kw_only=True)
class Plausibility:
    """What was found, and what was measured on the way to it."""

    findings: tuple[Finding, ...]
    section: Section


def judge_plausibility(
    engine: Engine, landing: Ingested, feeding: Mapping[str, frozenset[str]]
) -> Plausibility:
    """Judge columns of tonight's tables; ``feeding`` is canonical table → the source tables it is made from."""
    days = [spread for receipt in landing.tables for spread in _busiest_days(engine, receipt)]
    findings: list[Finding] = []
    measured = [*days]
    emergencies = _emergencies(engine)
    if emergencies.of:
        measured.append(emergencies)
        findings += _without_emergencies(emergencies, feeding)
    for spread, one_value in _numbers(engine):
        measured.append(spread)
        findings += _number_finding(spread, feeding, one_value=one_value)
    findings += [found for spread in days for found in _one_day(spread)]
    findings += [found for receipt in landing.tables for found in _one_value(receipt)]
    for lookup in landing.lookups:
        measured.append(_as_spread(lookup))
        findings += _not_looked_up(lookup)
    return Plausibility(
        findings=tuple(sorted(findings, key=lambda found: found.weight != "stop")),
        section=_section(measured),
    )


def _section(measured: Iterable[Spread]) -> Section:
    return Section(
        title="Can this be?",
        introduction="Columns that a transfer may fill with one value, one day or 0, and codes that the sender's"
        " own dictionary does not hold: how many rows share what was looked for.",
        columns=("column", "looked for", "rows", "of", "share"),
        rows=tuple((one.name, one.looked_for, one.rows, one.of, one.share) for one in measured if one.of),
    )


def _busiest_days(engine: Engine, receipt: TableReceipt) -> Iterator[Spread]:
    """Of each column that says when something happened: the rows of its commonest day."""
    for column in receipt.contract.columns:
        if column.kind != "event_date":
            continue
        name = identifier(column.name)
        rows, most = engine.rows(
            "SELECT coalesce(sum(n), 0)::BIGINT, coalesce(max(n), 0)::BIGINT FROM "
            f"(SELECT count(*) AS n FROM ({receipt.accepted}) WHERE {name} IS NOT NULL GROUP BY {name})"
        )[0]
        table = f"{receipt.layout}.{receipt.table}"
        yield Spread(table=table, column=column.name, looked_for="its commonest day", rows=most, of=rows)


def _one_day(spread: Spread) -> Iterator[Finding]:
    if spread.of >= FEWEST_DATES and spread.share > MAX_SHARE_OF_A_DAY:
        yield _finding(
            DAYS_DIFFER,
            "events are all on one day",
            "stop",
            spread,
            f"{spread.rows:,} of {spread.of:,} dates are one and the same day: the day of the extract, of a load"
            " or of a transfer seems to stand in their place",
        )


def _emergencies(engine: Engine) -> Spread:
    known, emergencies = engine.rows(packaged_sql("quality", "emergencies"))[0]
    return Spread(
        table="hospital_episodes",
        column="admission_method",
        looked_for="emergencies (2x)",
        rows=emergencies,
        of=known,
    )


def _without_emergencies(spread: Spread, feeding: Mapping[str, frozenset[str]]) -> Iterator[Finding]:
    if spread.of >= FEWEST_EPISODES and not spread.rows:
        yield _finding(
            EMERGENCIES_CAME,
            "no admission is an emergency",
            "stop",
            spread,
            f"none of {spread.of:,} episodes{_from(spread, feeding)} is an emergency (2x), so nobody would have a"
            " severe exacerbation: the column was filled by default, or planned admissions only were sent",
        )


def _numbers(engine: Engine) -> Iterator[tuple[Spread, bool]]:
    """Each column of numbers with its zeros, and whether it holds one value throughout."""
    for table, column, numbers, zeros, least, greatest in engine.rows(
        packaged_sql("quality", "number_spread")
    ):
        spread = Spread(table=table, column=column, looked_for="0", rows=zeros, of=numbers)
        yield spread, least == greatest


def _number_finding(
    spread: Spread, feeding: Mapping[str, frozenset[str]], *, one_value: bool
) -> Iterator[Finding]:
    source = _from(spread, feeding)
    if spread.of >= FEWEST_NUMBERS and one_value:
        what = "0" if spread.rows else "one and the same number"
        why = "the column was filled by default" if spread.rows else "was the column filled by default?"
        yield _finding(
            NUMBERS_DIFFER,
            "numbers were lost",
            # a small site may well issue one and the same pack throughout; nobody has 0 of everything
            "stop" if spread.rows else "warn",
            spread,
            f"all {spread.of:,} numbers{source} are {what}: {why}",
        )
    elif spread.of >= FEWEST_NUMBERS and spread.share > MAX_SHARE_OF_ZEROS:
        yield _finding(
            NUMBERS_DIFFER,
            "numbers were lost",
            "warn",
            spread,
            f"{spread.rows:,} of {spread.of:,} numbers{source} are 0: gaps seem to be filled with 0",
        )


def _one_value(receipt: TableReceipt) -> Iterator[Finding]:
    for coded in receipt.codes:
        column = receipt.contract.column(coded.column)
        if column.decides and coded.values == 1 and coded.rows >= FEWEST_VALUES:
            if column.custom.get("oftenOneValue"):
                continue
            spread = Spread(
                table=f"{receipt.layout}.{receipt.table}",
                column=coded.column,
                looked_for="its one value",
                rows=coded.rows,
                of=coded.rows,
            )
            yield _finding(
                VALUES_DIFFER,
                "a column has one value throughout",
                "warn",
                spread,
                f"all {coded.rows:,} rows with a value have the same one: the column was filled by default, or"
                " rows were chosen by it",
            )


def _as_spread(lookup: Lookup) -> Spread:
    return Spread(
        table=f"{lookup.layout}.{lookup.table}",
        column=lookup.column,
        looked_for=f"not in {lookup.dictionary}",
        rows=lookup.missing,
        of=lookup.rows,
    )


def _not_looked_up(lookup: Lookup) -> Iterator[Finding]:
    if lookup.missing >= FEWEST_MISSING and lookup.share_missing > WARN_MISSING:
        yield _finding(
            CODES_LOOKED_UP,
            "codes are not in the sender's dictionary",
            "stop" if lookup.share_missing > STOP_MISSING else "warn",
            _as_spread(lookup),
            f"{lookup.missing:,} of {lookup.rows:,} rows have a code that table {lookup.dictionary} does not hold"
            f" ({lookup.share_missing:.1%}): it is of an old release, or a part of it is missing",
        )


def _from(spread: Spread, feeding: Mapping[str, frozenset[str]]) -> str:
    tables = ", ".join(sorted(feeding.get(spread.table, ())))
    return f" (from {tables})" if tables else ""


def _finding(rule: GateRule, cause: str, weight: Weight, spread: Spread, told: str) -> Finding:
    return Finding(
        cause=cause,
        subject=spread.name,
        weight=weight,
        sentence=f"{spread.table}, column {spread.column}: {told}",
        fix=rule.fix,
        figures={"rows": spread.rows, "of": spread.of},
        codes=(rule.code,),
    )
