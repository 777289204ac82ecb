"""HTML as text: elements, tables, and the few ways in which a value is written for a reader."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from html import escape
from typing import Any

import pandas as pd

HIDDEN = '*<span class="unseen"> hidden</span>'
NOBODY = '–<span class="unseen"> nobody to count among</span>'
#: What stands for a value by its status; ``*`` appears here and nowhere else (docs/decisions.md §25).
NO_FIGURE = {"suppressed_small": HIDDEN, "not_applicable": NOBODY, "insufficient_data": "no data"}
MARKS = (
    "* hidden, because it is small or would give a small number away; it is not 0. "
    "– nobody to count among. “no data”: no source, or no earlier run, covers it. "
    "† everybody or nobody in the group: handle as sensitive."
)


def text(value: object) -> str:
    """``value`` as text that cannot become markup."""
    return escape(str(value))


def tag(name: str, *content: str, **attributes: str) -> str:
    """An element; ``content`` is markup already. In names of attributes ``_`` stands for ``-``, but last."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"' for key, value in attributes.items()
    )
    return f"<{name}{written}>{''.join(content)}</{name}>"


def paragraph(words: str, **attributes: str) -> str:
    return tag("p", text(words), **attributes)


def bullets(lines: Sequence[str]) -> str:
    return tag("ul", *(tag("li", text(line)) for line in lines))


def section(name: str, heading: str, *content: str) -> str:
    return tag("section", tag("h2", text(heading), id=name), *content, aria_labelledby=name)


def table(caption: str, header: Sequence[str], rows: Sequence[Sequence[str]], *, numbers: bool = True) -> str:
    """A table whose first column names its rows; cells are markup. It scrolls by itself where it is wide."""
    align = {"class_": "number"} if numbers else {}
    first, *others = header
    head = tag("th", text(first), scope="col") + "".join(
        tag("th", text(name), scope="col", **align) for name in others
    )
    body = [
        tag("tr", tag("th", row[0], scope="row"), *(tag("td", cell, **align) for cell in row[1:]))
        for row in rows
    ]
    whole = tag("table", tag("caption", text(caption)), tag("thead", tag("tr", head)), tag("tbody", *body))
    return tag("div", whole, class_="scroll", role="region", tabindex="0", aria_label=caption)


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
    return text(words)


def thousands(rows: int) -> str:
    """Rows of a file for a commissioner: never closer than a thousand, since they change every night."""
    return "under 1,000" if rows < 1000 else f"about {round(rows, -3):,}"
