"""What a control chart's points say, in words: nothing that the published row does not say."""

from __future__ import annotations

from typing import Any

import pandas as pd

from copd_strat.report.shown_values import PLAIN_STATUS, number

_READINGS = {
    "common": "within usual variation",
    "improvement": "improvement",
    "concern": "concern",
    "neutral_high": "unusually high",
    "neutral_low": "unusually low",
}
_CAUSES = {
    "outside_limits": "outside its limits",
    "trend": "seven rising or falling in a row",
    "two_of_three": "two of three near a limit",
    "shift": "seven in a row on one side of what is expected",
}
_NOT_JUDGED = {
    "not_shown": "not shown, so not judged",
    "too_little_history": "cannot be judged yet",
    "first_year": "the service's first year, not judged",
    "stock": "a stock: a line, not judged",
}
_ASSURANCE = {
    "meets": "the process as it is meets the target of {target}",
    "misses": "the process as it is misses the target of {target}",
    "may_meet_or_miss": "the target of {target} may be met or missed by chance",
}
STANDS_OUT = ("improvement", "concern", "neutral_high", "neutral_low")


def reading(row: Any) -> str:
    """What a point says, with the rule that it meets."""
    if row.variation == "not_assessed":
        return _NOT_JUDGED[row.not_assessed_because]
    cause = _CAUSES.get(row.special_cause)
    trial = ", trial limits" if row.trial_limits else ""
    return _READINGS[row.variation] + (f" ({cause})" if cause else "") + trial


def short_reading(row: Any) -> str:
    """The same in a word or two."""
    return _READINGS[row.variation]


def usual(row: Any, unit: str) -> str:
    """The limits that chance explains; empty where there are none."""
    if pd.isna(row.upper_limit):
        return ""
    return f"{number(max(row.lower_limit, 0.0), unit)} to {number(row.upper_limit, unit)}"


def value_words(row: Any, unit: str) -> str:
    """A point's value; a figure that is not shown is named as such."""
    return number(row.value, unit) if pd.notna(row.value) else PLAIN_STATUS[row.value_status]


def point_words(row: Any, unit: str) -> str:
    """The last point of a chart in a sentence or two, for its caption and for those who do not see it."""
    words = f"{row.label}: {value_words(row, unit)}"
    if pd.notna(row.mean):
        words += f"; expected {number(row.mean, unit)}, usual {usual(row, unit)}"
    said = f"{words}; {reading(row)}."
    if row.assurance == "none":
        return said
    sentence = _ASSURANCE[row.assurance].format(target=number(row.target, unit))
    return f"{said} {sentence[0].upper()}{sentence[1:]}."


def span_words(series: pd.DataFrame) -> str:
    """The periods of a series: month, April 2022 to March 2026."""
    return f"{series['period_type'].iloc[0]}, {series['label'].iloc[0]} to {series['label'].iloc[-1]}"
