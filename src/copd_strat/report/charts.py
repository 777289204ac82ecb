"""Control charts as SVG: a line, its mean and limits, and points told apart by shape, letter and colour."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
from markupsafe import Markup, escape

from copd_strat.report.published_rows import records
from copd_strat.report.shown_values import number

WIDTH, HEIGHT = 640, 250
LEFT, RIGHT, TOP, BOTTOM = 60, 104, 20, 36
MOST_LABELS = 6

#: Letter and words of each kind of point that stands out.
LETTERS = {
    "improvement": ("I", "improvement"),
    "concern": ("C", "concern"),
    "neutral_high": ("H", "unusually high, neither better nor worse"),
    "neutral_low": ("L", "unusually low, neither better nor worse"),
}
_SIDES = {("improvement", "higher"), ("concern", "lower")}


@dataclass(frozen=True)
class Scale:
    """Places on the page of months (by their number) and values."""

    points: int
    low: float
    high: float

    def x(self, point: int) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (point + 0.5) / self.points

    def y(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * share


def ticks(low: float, high: float) -> list[float]:
    """About four round numbers that enclose ``low`` to ``high``."""
    if low == high:
        low, high = (0.8 * low, 1.2 * high) if high else (0.0, 1.0)
    rough = (high - low) / 4
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(size * factor for factor in (1, 2, 5, 10) if size * factor >= rough)
    first, last = math.floor(low / step), math.ceil(high / step)
    return [round(step * n, 10) for n in range(first, max(last, first + 1) + 1)]


def points_high(variation: str, polarity: str) -> bool:
    """Whether a special cause lies on the high (or rising) side; ``polarity`` says which side is better."""
    return variation == "neutral_high" or (variation, polarity) in _SIDES


def mark(kind: str, x: float, y: float, *, high: bool) -> str:
    """A circle for common cause, a triangle up or down for a special cause."""
    if kind in ("common", "not_assessed"):
        return f'<circle class="point common" cx="{x:.1f}" cy="{y:.1f}" r="4"/>'
    tip = -6 if high else 6
    corners = f"{x:.1f},{y + tip:.1f} {x - 6:.1f},{y - tip * 0.8:.1f} {x + 6:.1f},{y - tip * 0.8:.1f}"
    return f'<polygon class="point {kind.partition("_")[0]}" points="{corners}"/>'


def control_chart(name: str, title: str, series: pd.DataFrame, unit: str, polarity: str) -> Markup:
    """The chart of one series in order of months (columns of fact_spc); values not shown leave a gap."""
    shown = series["value"].dropna()
    limits = series[["mean", "lower_limit", "upper_limit"]].dropna()
    extent = [*shown, *limits.to_numpy().ravel()] or [0.0, 1.0]
    marked = ticks(max(min(extent), 0.0), max(*extent, 0.0))
    scale = Scale(len(series), marked[0], marked[-1])
    parts = [
        f'<title id="{escape(name)}-title">{escape(title)}</title>',
        f'<desc id="{escape(name)}-desc">{escape(described(series, unit))}</desc>',
        *_value_axis(scale, marked, unit),
        *_month_axis(scale, series["period_start"]),
        *(_levels(scale, series.iloc[-1], unit) if len(limits) else []),
        *_line(scale, series["value"]),
        *_points(scale, series, polarity),
    ]
    named = f'aria-labelledby="{escape(name)}-title {escape(name)}-desc"'
    head = f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" {named}>'
    # the parts are drawn by this module; what comes from outside is escaped above
    return Markup("\n".join([head, *parts, "</svg>"]))  # noqa: S704


def described(series: pd.DataFrame, unit: str) -> str:
    """The chart in words, for those who do not see it."""
    first, last = series.iloc[0], series.iloc[-1]
    span = f"{first.period_start:%B %Y} to {last.period_start:%B %Y}"
    if pd.isna(last["mean"]):
        return f"Monthly values, {span}. Not assessed."
    special = int((series["special_cause"] != "none").sum())
    return (
        f"Monthly values, {span}; mean {number(last['mean'], unit)},"
        f" limits {number(max(last.lower_limit, 0.0), unit)} to {number(last.upper_limit, unit)};"
        f" {special} of {len(series)} points show special cause variation."
    )


def _value_axis(scale: Scale, marked: Sequence[float], unit: str) -> list[str]:
    decimals = 0 if unit == "people" else max(0, -math.floor(math.log10(marked[1] - marked[0])))
    lines = [_across("grid", scale.y(v)) for v in marked]
    labels = [
        f'<text class="end" x="{LEFT - 8}" y="{scale.y(v) + 5:.1f}">{v:,.{decimals}f}</text>' for v in marked
    ]
    return lines + labels


def _month_axis(scale: Scale, months: pd.Series) -> list[str]:
    every = math.ceil(len(months) / MOST_LABELS)
    foot = HEIGHT - BOTTOM
    labels = [
        f'<line class="axis" x1="{scale.x(n):.1f}" x2="{scale.x(n):.1f}" y1="{foot}" y2="{foot + 5}"/>'
        f'<text class="middle" x="{scale.x(n):.1f}" y="{foot + 20}">{month:%b %y}</text>'
        for n, month in enumerate(months)
        if (len(months) - 1 - n) % every == 0
    ]
    return [_across("axis", foot), *labels]


def _across(kind: str, y: float) -> str:
    return f'<line class="{kind}" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'


def _levels(scale: Scale, last: pd.Series, unit: str) -> list[str]:
    """Mean and limits with their names; a limit below 0 cannot be reached and is not drawn."""
    levels = [("mean", "mean", last["mean"]), ("limit", "upper", last["upper_limit"])]
    if last["lower_limit"] > 0:
        levels.append(("limit", "lower", last["lower_limit"]))
    if last["lower_limit"] == last["upper_limit"]:
        levels = levels[:1]
    heights = _apart([scale.y(value) + 5 for _, _, value in levels])
    return [
        _across(kind, scale.y(value))
        + f'<text x="{WIDTH - RIGHT + 5}" y="{height:.1f}">{label} {number(value, unit)}</text>'
        for (kind, label, value), height in zip(levels, heights, strict=True)
    ]


def _apart(heights: list[float], gap: float = 16) -> list[float]:
    """Heights of labels (mean, upper, lower), moved so that upper and lower do not run into the mean."""
    if not heights:
        return heights
    moved = [heights[0]]
    for direction, height in zip((-1, 1), heights[1:], strict=False):
        clear = heights[0] + direction * gap
        moved.append(min(height, clear) if direction < 0 else max(height, clear))
    return moved


def _line(scale: Scale, values: pd.Series) -> list[str]:
    path, pen = [], "M"
    for point, value in enumerate(values):
        if pd.isna(value):
            pen = "M"
            continue
        path.append(f"{pen}{scale.x(point):.1f} {scale.y(value):.1f}")
        pen = "L"
    return [f'<path class="series" d="{"".join(path)}"/>'] if path else []


def _points(scale: Scale, series: pd.DataFrame, polarity: str) -> list[str]:
    drawn = []
    for point, row in enumerate(records(series)):
        if pd.isna(row.value):
            continue
        x, y, high = scale.x(point), scale.y(row.value), points_high(row.variation, polarity)
        drawn.append(mark(row.variation, x, y, high=high))
        if row.variation in LETTERS:
            letter = LETTERS[row.variation][0]
            drawn.append(
                f'<text class="letter" x="{x:.1f}" y="{y + (-10 if high else 20):.1f}">{letter}</text>'
            )
    return drawn


def legend() -> list[tuple[Markup, str]]:
    """What the marks mean: each mark as it is drawn, and its words."""
    entries = [
        ("common", False, "within usual variation"),
        ("improvement", True, "I improvement (triangle up: high or rising, down: low or falling)"),
        ("concern", True, "C concern"),
        ("neutral_high", True, "H or L: unusually high or low, neither better nor worse"),
    ]
    return [(Markup(mark(kind, 8, 8, high=high)), words) for kind, high, words in entries]  # noqa: S704
