"""The feature dictionary: every column of the one-row-a-patient table, and what it needs to be observed."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Literal


@dataclass(frozen=True)
class Feature:
    """One column of ``features``: Arrow type, unit, window, meaning, source rule, what a gap means."""

    name: str
    type: str
    unit: str
    window: str
    meaning: str
    source: str
    missing_means: str


@dataclass(frozen=True)
class Need:
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
    """When a column of ``features`` shows what was found (data/shown_columns.csv).

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


def _rows(*path: str) -> Iterator[dict[str, str]]:
    text = resources.files("copd_strat.clinical").joinpath(*path).read_text("utf-8")
    return csv.DictReader(text.splitlines())


@cache
def features() -> tuple[Feature, ...]:
    """The dictionary in the order of the columns."""
    return tuple(Feature(**row) for row in _rows("features.csv"))


@cache
def needs() -> tuple[Need, ...]:
    """What each observable fact needs."""
    return tuple(
        Need(
            row["feature"],
            tuple(row["tables"].split()),
            tuple(row["concepts"].split()),
            "all" if row["rule"] == "all" else "any",
            row["absence_is_evidence"] == "true",
        )
        for row in _rows("data", "feature_needs.csv")
    )


@cache
def shown_columns() -> tuple[ShownColumn, ...]:
    """The columns that are not always shown; all others are as found."""
    return tuple(
        ShownColumn(
            row["column"],
            tuple(row["facts"].split()),
            row["found_when"],
            row["found_stands"] == "true",
            row["live_record"] == "true",
        )
        for row in _rows("data", "shown_columns.csv")
    )
