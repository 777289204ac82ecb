"""Control charts as SVG: values, what is expected and its limits, points told apart by shape, letter and colour."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from markupsafe import Markup, escape

from copd_strat.report.published_rows import records
from copd_strat.report.readings import point_words, span_words

WIDTH, HEIGHT = 640, 250
LEFT, RIGHT, TOP, BOTTOM = 76, 16, 20, 36
MOST_LABELS = 6

#: Letter and words of each kind of point that stands out.
LETTERS = {"improvement": "I", "concern": "C", "neutral_high": "H", "neutral_low": "L"}
_SIDES = {("improvement", "higher"), ("concern", "lower")}


@dataclass(frozen=True)
class Scale:
    """Places on the page of months (by their number) and values."""

    points: int
    low: float
    high: float

    @property
    def step(self) -> float:
        return (WIDTH - LEFT - RIGHT) / self.points

    def x(self, point: float) -> float:
        return LEFT + self.step * (point + 0.5)

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


def value_marks(series: pd.DataFrame) -> list[float]:
    """Marks of the value axis. It begins at 0, unless that would press what is drawn into its upper half."""
    columns = ["value", "mean", "lower_limit", "upper_limit", "target"]
    extent = series[columns].to_numpy(dtype=float).ravel()
    extent = extent[~np.isnan(extent)]
    low, high = max(extent.min(initial=math.inf), 0.0), max(extent.max(initial=0.0), 0.0)
    return ticks(low if low > high / 2 else 0.0, high)


def points_high(variation: str, polarity: str) -> bool:
    """Whether a special cause lies on the high (or rising) side; ``polarity`` says which side is better."""
    return variation == "neutral_high" or (variation, polarity) in _SIDES


def mark(kind: str, x: float, y: float, *, high: bool) -> str:
    """A circle for common cause, a smaller one for a point not judged, a triangle up or down for a special cause."""
    if kind in ("common", "not_assessed"):
        return (
            f'<circle class="point {kind}" cx="{x:.1f}" cy="{y:.1f}" r="{4 if kind == "common" else 2.5}"/>'
        )
    tip = -6 if high else 6
    corners = f"{x:.1f},{y + tip:.1f} {x - 6:.1f},{y - tip * 0.8:.1f} {x + 6:.1f},{y - tip * 0.8:.1f}"
    return f'<polygon class="point {kind.partition("_")[0]}" points="{corners}"/>'


def control_chart(name: str, title: str, series: pd.DataFrame, unit: str, polarity: str) -> Markup:
    """The chart of one series in order of months (columns of fact_spc); values not shown leave a gap."""
    marked = value_marks(series)
    scale = Scale(len(series), marked[0], marked[-1])
    parts = [
        f'<title id="{escape(name)}-title">{escape(title)}</title>',
        f'<desc id="{escape(name)}-desc">{escape(described(series, unit))}</desc>',
        *_value_axis(scale, marked, unit),
        *_month_axis(scale, series["period_start"]),
        *_changes(scale, series),
        *_steps(scale, "limit", series["lower_limit"].where(series["lower_limit"] > 0)),
        *_steps(scale, "limit", series["upper_limit"]),
        *_steps(scale, "mean", series["mean"]),
        *_steps(scale, "target", series["target"]),
        *_line(scale, series["value"]),
        *_points(scale, series, polarity),
    ]
    named = f'aria-labelledby="{escape(name)}-title {escape(name)}-desc"'
    head = f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" {named}>'
    # the parts are drawn by this module; what comes from outside is escaped above
    return Markup("\n".join([head, *parts, "</svg>"]))  # noqa: S704


def described(series: pd.DataFrame, unit: str) -> str:
    """The chart in words, for those who do not see it."""
    judged = series["variation"] != "not_assessed"
    special = int((series["special_cause"] != "none").sum())
    hidden = int(series["value"].isna().sum())
    words = [f"Values by {span_words(series)}.", point_words(records(series)[-1], unit)]
    words += [f"{special} of {int(judged.sum())} judged points stand out."] if judged.any() else []
    return " ".join([*words, *([f"{hidden} of {len(series)} points are not shown."] if hidden else [])])


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
        f'<text class="middle" x="{scale.x(n):.1f}" y="{foot + 24}">{month:%b %y}</text>'
        for n, month in enumerate(months)
        if (len(months) - 1 - n) % every == every // 2
    ]
    return [_across("axis", foot), *labels]


def _across(kind: str, y: float) -> str:
    return f'<line class="{kind}" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'


def _changes(scale: Scale, series: pd.DataFrame) -> list[str]:
    """An upright line where a phase begins that the site has annotated."""
    begins = [n for n, change in enumerate(series["change"]) if pd.notna(change)]
    edges = [scale.x(n - 0.5) for n in begins]
    return [
        f'<line class="change" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>' for x in edges
    ]


def _steps(scale: Scale, kind: str, levels: pd.Series) -> list[str]:
    """A level for each point, as wide as the point's place: a level that follows a season goes up and down in steps."""
    path, before = [], -2
    for point, level in enumerate(levels):
        if pd.isna(level):
            continue
        joined = "L" if point == before + 1 else "M"
        path.append(f"{joined}{scale.x(point - 0.5):.1f} {scale.y(level):.1f}H{scale.x(point + 0.5):.1f}")
        before = point
    return [f'<path class="{kind}" d="{"".join(path)}"/>'] if path else []


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
            height = y + (-10 if high else 20)
            drawn.append(f'<text class="letter" x="{x:.1f}" y="{height:.1f}">{LETTERS[row.variation]}</text>')
    return drawn


def legend() -> list[tuple[Markup, str]]:
    """What the marks mean: each mark as it is drawn, and its words."""
    entries = [
        ("common", False, "within usual variation"),
        ("not_assessed", False, "not judged"),
        ("improvement", True, "I improvement (triangle up: high or rising, down: low or falling)"),
        ("concern", True, "C concern"),
        ("neutral_high", True, "H or L: unusually high or low, neither better nor worse"),
    ]
    return [(Markup(mark(kind, 8, 8, high=high)), words) for kind, high, words in entries]  # noqa: S704
