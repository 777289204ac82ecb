"""The first screen: what changed, for whom and how sure that is, in a few sentences and figures.

Every sentence is made of published figures that are shown, and says where one is not. None says why something
changed: a chart cannot know.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from copd_strat.report.figures import shown_in
from copd_strat.report.published_rows import Indicator, Published, records
from copd_strat.report.readings import STANDS_OUT, reading, short_reading, usual, value_words
from copd_strat.report.shown_values import PLAIN_STATUS, month, number
from copd_strat.report.year_figures import YearFigure, year_figure, year_words
from copd_strat.summary.rates import RateRatio, rate_ratio
from copd_strat.summary.spc import NOMINAL_POINTS

#: So many are named in a sentence; the others are counted.
NAMED = 3
MOST, LEAST = "1", "5"
_NOT_IN_IT = "age is not taken into account; that one person can have several events leaves more to chance"


@dataclass(frozen=True)
class Tile:
    """One figure: what it is, its value, how sure it is, what its chart says."""

    name: str
    value: str
    details: list[str]
    reading: str
    kind: str


@dataclass(frozen=True)
class FirstScreen:
    """What a board is told first."""

    code: str
    month: str
    sentences: list[str]
    tiles: list[Tile]


def first_screens(published: Published) -> list[FirstScreen]:
    """One for each integrated care board of the latest closed month; none before the first."""
    latest = published.latest_month("copd_register")
    if latest is None:
        return []
    return [_first_screen(published, code, latest) for code in published.codes("icb", latest)]


def _first_screen(published: Published, code: str, latest: pd.Timestamp) -> FirstScreen:
    points = [row for row in published.last_points("icb", [code]) if row.chart != "line"]
    networks = published.last_points("pcn", _networks_of(published, code, latest))
    sentences = [
        changed(published.indicators, points, latest),
        by_chance(points),
        by_deprivation(published, code),
        where(published.indicators, [row for row in networks if row.chart != "line"]),
        not_shown(networks),
    ]
    return FirstScreen(code, month(latest), [words for words in sentences if words], _tiles(published, code))


def _networks_of(published: Published, code: str, latest: pd.Timestamp) -> list[str]:
    """The networks of a board that have figures in the latest month."""
    places = published.places
    own = set(places.loc[(places["org_level"] == "pcn") & (places["icb_code"] == code), "org_code"])
    return [name for name in published.codes("pcn", latest) if name in own]


def changed(items: dict[str, Indicator], points: Sequence[Any], latest: pd.Timestamp) -> str:
    """Which indicators stand out in their latest period, and how far."""
    judged = [row for row in points if row.variation != "not_assessed"]
    out = [row for row in judged if row.variation in STANDS_OUT]
    rest = _not_judged(points)
    if not judged:
        return f"No indicator can be judged in {month(latest)}.{rest}"
    if not out:
        return (
            f"Nothing stands out in the latest figures, to {month(latest)}: the {_some(len(judged), 'indicator')}"
            f" that can be judged {'lies' if len(judged) == 1 else 'lie'} within usual variation,"
            f" once the season is taken out.{rest}"
        )
    named = _listed([_named(items[row.indicator_id], row) for row in out])
    many = _some(len(judged), "indicator")
    return f"{len(out)} of {many} that can be judged {_stand(len(out))} out: {named}.{rest}"


def _not_judged(points: Sequence[Any]) -> str:
    """How many indicators cannot be judged, and why."""
    early = sum(row.not_assessed_because == "too_little_history" for row in points)
    young = sum(row.not_assessed_because == "first_year" for row in points)
    unseen = sum(row.not_assessed_because == "not_shown" for row in points)
    said = f" {_some(early, 'indicator')} cannot be judged yet: too few earlier periods." if early else ""
    said += (
        f" {_some(young, 'indicator')} cannot be judged yet: its service began within the year."
        if young
        else ""
    )
    return said + (
        f" {_some(unseen, 'indicator')} cannot be judged for want of a shown figure." if unseen else ""
    )


def _named(item: Indicator, row: Any) -> str:
    return (
        f"{_lower(item.name)}, {reading(row)}, at {_with_unit(row.value, item)} in {row.label}"
        f" where {usual(row, item.unit)} would be usual"
    )


def _with_unit(value: float, item: Indicator) -> str:
    return number(value, item.unit) + ("" if item.unit == "%" else f" {item.unit}")


def by_chance(points: Sequence[Any]) -> str:
    """How many points would stand out if nothing had changed at all."""
    judged = sum(row.variation != "not_assessed" for row in points)
    if not judged:
        return ""
    return (
        f"By chance alone about {100 * NOMINAL_POINTS:.0f} points in 100 stand out (of {_some(judged, 'indicator')}"
        f" about {NOMINAL_POINTS * judged:.1f}): one that does is a reason to ask, not a proof."
    )


def by_deprivation(published: Published, code: str) -> str:
    """Need of the most and the least deprived fifth, with both intervals; or that it cannot be said.

    Of a year where one is shown, and of every indicator of need that has one: a month of one group is mostly chance.
    """
    wanted = [i for i in shown_in("equity", "register") if published.indicators[i].polarity == "lower"]
    items = [published.indicators[name] for name in wanted]
    years = [(item, _fifths_of_the_year(published, code, item)) for item in items]
    told = [_year_apart(item, *found) for item, found in years if found is not None]
    if told:
        return f"{_listed(told)} ({_NOT_IN_IT})."
    return _latest_by_deprivation(published, code, items)


def _fifths_of_the_year(
    published: Published, code: str, item: Indicator
) -> tuple[YearFigure, YearFigure] | None:
    """The year's figures of the most and the least deprived fifth, where both are shown."""
    most, least = (year_figure(published, code, item, "imd_quintile", group) for group in (MOST, LEAST))
    if most is None or least is None or {most.status, least.status} != {"shown"}:
        return None
    return most, least


def _year_apart(item: Indicator, most: YearFigure, least: YearFigure) -> str:
    unit = "" if item.unit == "%" else f" {item.unit}"
    return (
        f"{most.span}: {_lower(item.name)} were {year_words(most, item.unit)}{unit} in the most deprived fifth and"
        f" {year_words(least, item.unit)} in the least deprived,"
        f" {apart(rate_ratio(most.events, most.people, least.events, least.people))}"
    )


def apart(ratio: RateRatio) -> str:
    """Whether the first of two rates differs from the second, and how far: an interval of their ratio says so, the
    overlap of their own intervals does not."""
    more = "more than chance alone would explain if events were independent"
    verdict = more if ratio.differs else "which chance may explain"
    if not 0 < ratio.value < math.inf:
        return verdict
    numbers = (f"{one:.2f}" for one in (ratio.value, ratio.lower, ratio.upper))
    return "{} times as many ({} to {}), ".format(*numbers) + verdict


def _latest_by_deprivation(published: Published, code: str, items: Sequence[Indicator]) -> str:
    """The same of the latest period, where no year can be said."""
    found = published.latest("icb", "imd_quintile")
    item = next((item for item in items if item.id in found.periods), None)
    if item is None:
        return ""
    most, least = (found.cells.get((code, group, item.id)) for group in (MOST, LEAST))
    if most is None or least is None or {most.value_status, least.value_status} != {"shown"}:
        return (
            f"Whether {_lower(item.name)} differ between the most and the least deprived fifth cannot be said:"
            " a figure is hidden or missing."
        )
    ratio = rate_ratio(most.numerator, most.denominator, least.numerator, least.denominator)
    return (
        f"{found.periods[item.id]}: {_lower(item.name)} were {_with_interval(most, item)} in the most deprived fifth"
        f" and {_with_interval(least, item)} in the least deprived, {apart(ratio)} ({_NOT_IN_IT})."
    )


def _with_interval(row: Any, item: Indicator) -> str:
    limits = f"{number(row.ci_lower, item.unit)} to {number(row.ci_upper, item.unit)}"
    return f"{_with_unit(row.value, item)} (95% interval {limits})"


def where(items: dict[str, Indicator], points: Sequence[Any]) -> str:
    """In which networks charts stand out, and of how many."""
    judged = [row for row in points if row.variation != "not_assessed"]
    if not judged:
        return "No primary care network can be judged yet." if points else ""
    out = [row for row in judged if row.variation in STANDS_OUT]
    expected = f"about {NOMINAL_POINTS * len(judged):.1f} would by chance"
    if not out:
        return f"None of {_some(len(judged), 'network chart')} that can be judged stands out ({expected})."
    named = [f"{row.org_code} ({_lower(items[row.indicator_id].name)}, {short_reading(row)})" for row in out]
    return (
        f"{len(out)} of {_some(len(judged), 'network chart')} that can be judged {_stand(len(out))} out"
        f" ({expected}): {_listed(named)}."
    )


def not_shown(points: Sequence[Any]) -> str:
    """How many of the networks' latest figures are hidden."""
    hidden = sum(row.value_status == "suppressed_small" for row in points)
    if not hidden:
        return ""
    return (
        f"{hidden} of {_some(len(points), 'latest network figure')} {'is' if hidden == 1 else 'are'} hidden, being"
        " small or giving a small number away; a hidden figure may be 0 or not."
    )


def _tiles(published: Published, code: str) -> list[Tile]:
    """What stands out, then the indicators that are always told."""
    found = published.latest("icb")
    points = {row.indicator_id: row for row in published.last_points("icb", [code])}
    out = [name for name, row in points.items() if row.variation in STANDS_OUT][:NAMED]
    always = [name for name in shown_in("first", "register") if name in found.periods]
    return [
        _tile(published, published.indicators[name], found.cells.get((code, "all", name)), points.get(name))
        for name in dict.fromkeys([*out, *always])
    ]


def _tile(published: Published, item: Indicator, row: Any | None, point: Any | None) -> Tile:
    if row is None or row.value_status in PLAIN_STATUS:
        words = PLAIN_STATUS["insufficient_data" if row is None else row.value_status]
        return Tile(item.name, words, [], "", "common")
    year = year_figure(published, row.org_code, item)
    details = [row.label] if item.unit in ("people", "%") else [f"{item.unit}, {row.label}"]
    if pd.notna(row.ci_lower):
        details.append(f"95% interval {number(row.ci_lower, item.unit)} to {number(row.ci_upper, item.unit)}")
    if year is not None and year.value is not None:
        details.append(f"{year.span}: {year_words(year, item.unit)}")
    value = number(row.value, item.unit)
    if point is None or point.chart == "line":
        return Tile(item.name, value, details + _year_before(published, item, row), "", "common")
    if range_ := usual(point, item.unit):
        details.append(f"usual {range_}")
    return Tile(item.name, value, details, reading(point), point.variation.partition("_")[0])


def _year_before(published: Published, item: Indicator, row: Any) -> list[str]:
    """The same figure a year before, of a stock that no chart judges."""
    series = published.series("icb", row.org_code, item.id)
    before = series[series["period_start"] == row.period_start - pd.DateOffset(years=1)]
    return [f"{one.label}: {value_words(one, item.unit)}" for one in records(before)]


def _some(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _stand(count: int) -> str:
    return "stands" if count == 1 else "stand"


def _listed(named: Sequence[str]) -> str:
    more = len(named) - NAMED
    return "; ".join(named[:NAMED]) + (f"; and {more} more" if more > 0 else "")


def _lower(name: str) -> str:
    """A name inside a sentence: its first letter small, unless it is an abbreviation (COPD, ED)."""
    return name if name[1:2].isupper() else name[0].lower() + name[1:]
