"""The page that lies beside a practice's lists: what they are, from when, and what they are not."""

from __future__ import annotations

from collections.abc import Mapping

from copd_strat.lists.list_columns import DECISION_CHOICES, LISTS, SYNTHETIC, columns_of
from copd_strat.plan import RunStamp

WARNING = "These lists support clinical judgement. They do not replace it."

_PURPOSE = {
    "clinic": "to invite to the multi-professional clinic, places first, then the reserve",
    "self_management": "to offer supported self-management",
    "clinical_review": "to look at, because the record cannot say",
    "changes": "who is new, moved up, moved down or left since the last run",
}


def readme_lines(
    practice_id: str, practice_name: str, stamp: RunStamp, rows: Mapping[str, int], not_listed: int
) -> list[str]:
    """Plain lines; also the second sheet of each workbook. ``rows`` are the patients on each list."""
    synthetic = [SYNTHETIC, ""] if stamp.synthetic else []
    counts = [f"  {name}: {rows[name]} patients today, {_PURPOSE[name]}" for name in LISTS]
    return [
        *synthetic,
        f"COPD lists of practice {practice_id}" + (f", {practice_name}" if practice_name else ""),
        stamp.title,
        "",
        WARNING,
        "",
        f"Data as at {stamp.index_date.isoformat()}",
        f"Made on {stamp.as_of.isoformat()}, run {stamp.run_id}",
        f"Policy {stamp.policy}",
        f"Risk model {stamp.model}",
        "",
        "Lists",
        *counts,
        f"  not listed: {not_listed} patients of the register (palliative care, or declined), counted only",
        "  A list without rows means that nobody is on it today.",
        "",
        "How to answer",
        f"  Choose a decision ({', '.join(DECISION_CHOICES)}), give a reason if you like, and the date.",
        "  Return the list; the next run holds names on or off it accordingly.",
        "",
        "Columns",
        *(f"  {column.name}: {column.meaning}" for column in columns_of("clinic", stamp)),
    ]
