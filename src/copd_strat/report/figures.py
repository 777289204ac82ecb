"""Published figures as a reader sees them: boards with their charts, networks, equity, completeness."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from markupsafe import Markup

from copd_strat.report.charts import control_chart, value_marks
from copd_strat.report.published_rows import Indicator, Latest, Published, records
from copd_strat.report.readings import STANDS_OUT, point_words, reading, span_words, usual, value_words
from copd_strat.report.shown_values import NO_FIGURE, Shown, figure_cell, month, number
from copd_strat.report.year_figures import year_cell, year_figure
from copd_strat.summary.cube import COHORTS, indicators

BREAKDOWNS = {
    "imd_quintile": "deprivation (quintile of the Index of Multiple Deprivation)",
    "sex": "sex",
    "age_band": "age",
    "ethnicity_group": "ethnic group",
}
#: Sections that show a board's indicators, and what a caption calls them.
SECTIONS = {"clinic": "Clinic and self-management", "outcomes": "Outcomes and care"}
RATES = "rates per 100 people in the period"


def shown_in(place: str, cohort: str) -> list[str]:
    """A cohort's indicators that stand in a section, in the order of summary/data/indicators.csv.

    Equity shows need beside selection: who has admissions and reviews, and who is chosen.
    """
    declared = indicators()
    here = declared["report"].str.split().map(lambda places: place in places)
    return list(declared.index[here & (declared["cohort"] == cohort)])


@dataclass(frozen=True)
class Chart:
    """A control chart with its caption, and the same figures as a table."""

    heading: str
    note: str
    svg: Markup
    name: str
    data: Shown


@dataclass(frozen=True)
class Board:
    """An integrated care board in a section: its latest figures, and its indicators as charts."""

    code: str
    latest: Shown
    charts: list[Chart]


def boards(published: Published, place: str) -> list[Board]:
    """Every integrated care board of the latest closed month, with a section's indicators; none before the first."""
    latest = published.latest_month("copd_register")
    if latest is None:
        return []
    codes = published.codes("icb", latest)
    return [_board(published, code, latest, place, board) for board, code in enumerate(codes, start=1)]


def _board(published: Published, code: str, latest: pd.Timestamp, place: str, board: int) -> Board:
    found = published.latest("icb")
    wanted = [i for cohort in COHORTS for i in shown_in(place, cohort)]
    shown = [published.indicators[i] for i in wanted if i in found.periods]
    points = {row.indicator_id: row for row in published.last_points("icb", [code])}
    rows = [
        [
            found.dated(item.heading, item.id, month(latest)),
            figure_cell(found.cells.get((code, "all", item.id)), item.unit, interval=True),
            year_cell(year_figure(published, code, item), item.unit),
            *_judged(points.get(item.id), item.unit),
        ]
        for item in shown
    ]
    header = ["Indicator", "Value (95% interval)", "Last 12 months", "Usual range", "Against its own past"]
    drawn = [(item, published.series("icb", code, item.id)) for item in shown]
    return Board(
        code=code,
        latest=Shown(f"{SECTIONS[place]} of {code}: {month(latest)}", header, rows),
        charts=[_chart(series, item, code, board) for item, series in drawn if series["value"].notna().any()],
    )


def _judged(row: Any | None, unit: str) -> list[str]:
    """Usual range and reading of the last point of an indicator's chart, where it has one."""
    return ["", "no control chart"] if row is None else [usual(row, unit), reading(row)]


def _chart(series: pd.DataFrame, item: Indicator, code: str, board: int) -> Chart:
    points = records(series)
    kind = "line" if points[-1].chart == "line" else "control chart"
    note = f"{kind.capitalize()} by {span_words(series)}. {point_words(points[-1], item.unit)}"
    changes = [f" Begins anew with {row.label}: {row.change}." for row in points if pd.notna(row.change)]
    rows = [[row.label, _value(row, item), usual(row, item.unit), reading(row)] for row in points]
    return Chart(
        heading=item.heading,
        note=note + "".join(changes) + _axis_words(series, item.unit),
        svg=control_chart(f"chart-{board}-{item.id}", item.heading, series, item.unit, item.polarity),
        name=item.name,
        data=Shown(f"{item.heading}, {code}", ["Period", "Value", "Usual range", "Reading"], rows),
    )


def _axis_words(series: pd.DataFrame, unit: str) -> str:
    """Where the value axis begins, if not at 0: a small change looks large there."""
    begins = value_marks(series)[0]
    return f" The value axis begins at {number(begins, unit)}, not at 0." if begins else ""


def _value(row: Any, item: Indicator) -> str:
    return number(row.value, item.unit) if pd.notna(row.value) else NO_FIGURE[row.value_status]


def standing_out(published: Published) -> Shown | None:
    """The charts of primary care networks whose last point stands out; None where there is none."""
    latest = published.latest_month("copd_register")
    if latest is None:
        return None
    points = [
        row
        for row in published.last_points("pcn", published.codes("pcn", latest))
        if row.variation in STANDS_OUT
    ]
    items = published.indicators
    rows = [
        [
            row.org_code,
            f"{items[row.indicator_id].heading} ({row.label})",
            value_words(row, items[row.indicator_id].unit),
            usual(row, items[row.indicator_id].unit),
            reading(row),
        ]
        for row in points
    ]
    header = ["Network", "Indicator", "Value", "Usual range", "Reading"]
    return (
        Shown("Networks that stand out against their own past", header, rows, numbers=False) if rows else None
    )


def networks(published: Published) -> Shown | None:
    """Events of primary care networks side by side in their latest period; None before the first month."""
    latest = published.latest_month("copd_register")
    if latest is None:
        return None
    what = f"Exacerbations, hospital use and reviews, {RATES}"
    return _by_network(published, latest, shown_in("networks", "register"), what)


def network_dispositions(published: Published) -> Shown | None:
    """The same of dispositions; None until a month in which the pipeline ran has closed."""
    placed = published.latest_month("people_placed")
    if placed is None:
        return None
    return _by_network(published, placed, shown_in("networks", "placed"), "Dispositions")


def _by_network(published: Published, latest: pd.Timestamp, wanted: Sequence[str], what: str) -> Shown:
    found = published.latest("pcn")
    items = [published.indicators[i] for i in wanted]
    rows = [
        [code, *(figure_cell(found.cells.get((code, "all", item.id)), item.unit) for item in items)]
        for code in published.codes("pcn", latest)
    ]
    header = [found.dated(item.column, item.id, month(latest)) for item in items]
    return Shown(f"{what}: {month(latest)}", ["Network", *header], rows)


def equity(published: Published) -> list[Shown]:
    """Need and selection by deprivation, sex, age and ethnic group, by board."""
    latest, placed = published.latest_month("copd_register"), published.latest_month("people_placed")
    if latest is None:
        return []
    cohorts = ["register"] if placed is None else list(COHORTS)
    items = [published.indicators[i] for cohort in cohorts for i in shown_in("equity", cohort)]
    codes = published.codes("icb", latest)
    found = {kind: published.latest("icb", kind) for kind in BREAKDOWNS}
    return [_by_group(published, code, kind, found[kind], items) for code in codes for kind in BREAKDOWNS]


def _by_group(published: Published, code: str, kind: str, found: Latest, items: Sequence[Indicator]) -> Shown:
    groups = records(published.breakdowns[published.breakdowns["breakdown_type"] == kind])
    names = [group.breakdown_value for group in groups]
    columns = [_of_groups(published, code, kind, names, found, item) for item in items]
    cells = zip(*(cells for _, cells in columns), strict=True)
    rows = [[group.label, *own] for group, own in zip(groups, cells, strict=True)]
    caption = f"By {BREAKDOWNS[kind]}, {code}, with 95% intervals"
    return Shown(caption, ["Group", *(heading for heading, _ in columns)], rows)


def _of_groups(
    published: Published, code: str, kind: str, groups: Sequence[str], found: Latest, item: Indicator
) -> tuple[str, list[str]]:
    """Heading and a cell a group: of the last twelve months, since one month of one group is mostly chance; of a stock,
    or where less than a year is published, of the latest period. The heading says of which."""
    years = [year_figure(published, code, item, kind, group) for group in groups]
    spans = sorted({year.span for year in years if year is not None})
    if spans:
        return f"{item.heading} ({spans[0]})", [year_cell(year, item.unit) for year in years]
    cells = [found.cells.get((code, group, item.id)) for group in groups]
    heading = f"{item.heading} ({found.periods.get(item.id, 'not published')})"
    return heading, [figure_cell(cell, item.unit, interval=True) for cell in cells]


_CHECKS = {
    "sex_unknown": "Sex not known",
    "age_band_unknown": "Age not known or under 35",
    "imd_quintile_unknown": "Deprivation not known",
    "ethnicity_group_unknown": "Ethnic group not stated or not known",
    "figures_hidden": "Figures hidden by disclosure control",
}


def completeness(published: Published) -> Shown | None:
    """How much is known and shown in each check's latest month, for each board; None before the first."""
    latest = published.latest_month("copd_register")
    quality = published.quality
    rows = quality[(quality["org_level"] == "icb") & (quality["period_type"] == "month")]
    rows = rows[rows["period_start"] == rows.groupby("check_id")["period_start"].transform("max")]
    if latest is None or rows.empty:
        return None
    lines = [
        [
            f"{_CHECKS[row.check_id]} ({row.org_code}{_when(row, latest)})",
            number(row.value, "%") if row.value_status == "shown" else NO_FIGURE[row.value_status],
        ]
        for row in records(rows.sort_values(["org_code", "check_id"]))
    ]
    return Shown(f"Completeness: {month(latest)}", ["Check", "Share"], lines)


def _when(row: Any, latest: pd.Timestamp) -> str:
    """The month of a check that is not made every month."""
    return "" if row.period_start == latest else f", {row.label}"
