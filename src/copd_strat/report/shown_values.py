"""The few ways in which a published value is written for a reader."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd
from markupsafe import Markup

HIDDEN = Markup('*<span class="unseen"> hidden</span>')
NOBODY = Markup('–<span class="unseen"> nobody to count among</span>')
#: What stands for a value by its status; ``*`` appears here and nowhere else (docs/decisions.md §25).
NO_FIGURE = {"suppressed_small": HIDDEN, "not_applicable": NOBODY, "insufficient_data": "no data"}
#: The same inside a sentence, in alternative text and in SVG.
PLAIN_STATUS = {
    "suppressed_small": "hidden",
    "not_applicable": "nobody to count among",
    "insufficient_data": "no data",
}


@dataclass(frozen=True)
class Shown:
    """A table as a reader sees it: the first column names its rows, the others hold numbers or words.

    Cells are text, which cannot become markup; only the marks above are more than text.
    """

    caption: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    numbers: bool = True


def day(value: Any) -> str:
    """A date, or its ISO text, as 31 October 2026; 'not known' for none."""
    if value is None:
        return "not known"
    when = date.fromisoformat(str(value)[:10])
    return f"{when.day} {when:%B %Y}"


def month(value: Any) -> str:
    return f"{pd.Timestamp(value):%B %Y}"


def number(value: float, unit: str) -> str:
    """A published value: counts of people whole, others with one decimal, or two where they are small."""
    if unit == "people":
        return f"{value:,.0f}"
    if unit == "%":
        return f"{value:.1f}%"
    return f"{value:,.{2 if value < 1 else 1}f}"


def figure_cell(row: Any | None, unit: str, *, interval: bool = False) -> str:
    """A cell of fact_indicator for a reader; None is a cell that was never published."""
    if row is None or row.value_status in NO_FIGURE:
        return NO_FIGURE["insufficient_data" if row is None else row.value_status]
    words = number(row.value, unit) + ("†" if row.group_disclosure else "")
    if interval and pd.notna(row.ci_lower):
        words += f" ({number(row.ci_lower, unit)} to {number(row.ci_upper, unit)})"
    return words


def thousands(rows: int) -> str:
    """Rows of a file for a commissioner: never closer than a thousand, since they change every night."""
    return "under 1,000" if rows < 1000 else f"about {round(rows, -3):,}"
