"""The feature dictionary, read from the features' contract (data_contracts/internal/features.odcs.yaml).

What columns have in common stands in the contract's ``groups``; a column says only what differs.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from copd_strat.contracts.contract import Column
from copd_strat.contracts.own_tables import own_table, sql_type

# Units that follow from what is in the column.
_UNITS = {
    "flag": "yes or no",
    "category": "category",
    "text": "text",
    "date": "date",
    "date_to_index": "date",
    "patient_id": "id",
    "organisation": "id",
}


@dataclass(frozen=True)
class Feature:
    """One column of ``features``: SQL type, unit, window, meaning, source rule, what a gap means."""

    name: str
    type: str
    unit: str
    window: str
    meaning: str
    source: str
    missing_means: str


@dataclass(frozen=True)
class FactNeed:
    """What a fact needs: canonical tables, and codes of any (or all) of these concepts.

    ``absence_is_evidence``: finding nothing reads as "no" (docs/decisions.md §10), so that a list that
    matches nothing in a large extract makes the fact unobservable.
    """

    feature: str
    tables: tuple[str, ...]
    concepts: tuple[str, ...]
    rule: Literal["any", "all"]
    absence_is_evidence: bool


@dataclass(frozen=True)
class ShownColumn:
    """When a column of ``features`` shows what was found.

    ``facts``: those of ``needs`` that must be observable. ``found_when``: the SQL condition on
    ``found_features`` that something was found; empty where nothing by itself is a finding. ``found_stands``:
    what was found is shown even where the facts are not observable. ``live_record``: finding nothing counts
    only while the GP record is alive (docs/decisions.md §10).
    """

    column: str
    facts: tuple[str, ...]
    found_when: str
    found_stands: bool
    live_record: bool


@cache
def features() -> tuple[Feature, ...]:
    """The dictionary in the order of the columns."""
    return tuple(
        Feature(
            name=column.name,
            type=sql_type(column),
            unit=_unit(column, stated),
            window=stated["window"],
            meaning=column.description,
            source=stated["source"],
            missing_means=stated["missing"],
        )
        for column, stated in _columns()
    )


@cache
def needs() -> tuple[FactNeed, ...]:
    """What each observable fact needs; a fact has its column's name unless the contract gives it another."""
    return tuple(
        FactNeed(
            feature=_fact(column, stated),
            tables=tuple(stated["needs"]["tables"]),
            concepts=tuple(stated["needs"].get("concepts", ())),
            rule=stated["needs"].get("rule", "any"),
            absence_is_evidence=stated["needs"].get("absenceIsEvidence", False),
        )
        for column, stated in _columns()
        if stated.get("needs") is not None
    )


@cache
def shown_columns() -> tuple[ShownColumn, ...]:
    """The columns that are not always shown; all others are as found."""
    return tuple(
        ShownColumn(
            column=column.name,
            facts=tuple(stated["shown"].get("facts", (column.name,))),
            found_when=_found_when(column, stated["shown"].get("found", "")),
            found_stands=stated["shown"].get("foundStands", False),
            live_record=stated["shown"].get("liveRecord", False),
        )
        for column, stated in _columns()
        if stated.get("shown") is not None
    )


def _columns() -> list[tuple[Column, dict[str, Any]]]:
    """Each column with its custom properties: its group's, where it does not say otherwise."""
    contract = own_table("internal", "features")
    groups = contract.custom["groups"]
    return [(column, _merged(groups[column.custom["group"]], column.custom)) for column in contract.columns]


def _merged(group: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """Both together; ``needs`` and ``shown`` add to the group's, or take it away if they are empty."""
    together = {**group, **own}
    for name in ("needs", "shown"):
        if own.get(name) and group.get(name):
            together[name] = {**group[name], **own[name]}
    return together


def _unit(column: Column, stated: dict[str, Any]) -> str:
    """The column's own unit, else what its kind implies, else its group's."""
    unit: str = column.custom.get("unit") or _UNITS.get(column.kind) or stated["unit"]
    return unit


def _fact(column: Column, stated: dict[str, Any]) -> str:
    return str(stated["needs"].get("fact", column.name))


def _found_when(column: Column, found: str) -> str:
    """The condition in SQL; ``itself`` stands for a flag that is set or a number above 0."""
    if found != "itself":
        return found
    return column.name if column.type == "boolean" else f"{column.name} > 0"
