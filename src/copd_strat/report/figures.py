"""Sections with published figures: headline charts, primary care networks, equity, completeness."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from copd_strat.report.charts import control_chart, legend
from copd_strat.report.markup import (
    MARKS,
    NO_FIGURE,
    figure_cell,
    month,
    number,
    paragraph,
    section,
    table,
    tag,
    text,
)
from copd_strat.report.published_rows import Indicator, Published, records
from copd_strat.summary.cube import indicators

BREAKDOWNS = {
    "imd_quintile": "deprivation (quintile of the Index of Multiple Deprivation)",
    "sex": "sex",
    "age_band": "age",
    "ethnicity_group": "ethnic group",
}
RATES = "rates per 100 people in the month"
NOT_YET = "No month has closed yet. Figures appear once every source is complete past the end of a month."
NOT_PLACED = "Lists and places appear here once a month in which the pipeline ran has closed."
_READINGS = {
    "common": "within usual variation",
    "improvement": "improvement",
    "concern": "concern",
    "neutral_high": "unusually high",
    "neutral_low": "unusually low",
    "not_assessed": "not assessed",
}
_CAUSES = {
    "none": "",
    "outside_limits": "outside a limit",
    "trend": "seven rising or falling in a row",
    "two_of_three": "two of three near a limit",
    "shift": "seven in a row on one side of the mean",
}


def _shown_in(place: str, cohort: str) -> list[str]:
    """A cohort's indicators that stand in a section, in the order of summary/data/indicators.csv.

    Equity shows need beside selection: who has admissions and reviews, and who is chosen.
    """
    declared = indicators()
    here = declared["report"].str.split().map(lambda places: place in places)
    return list(declared.index[here & (declared["cohort"] == cohort)])


def headline(published: Published) -> str:
    """The latest closed month of each integrated care board, and its monthly indicators as control charts."""
    name, heading = "headline", "Headline figures"
    latest = published.latest_month("copd_register")
    if latest is None:
        return section(name, heading, paragraph(NOT_YET))
    boards = [_board(published, code, latest) for code in published.codes("icb", latest)]
    how = (
        "Each chart shows closed months. The solid line is the mean, the dashed lines are the limits within"
        " which a stable process stays by chance (XmR, Making Data Count). A point that stands out asks for"
        " a question, not for a conclusion. A lower limit below 0 is not drawn."
    )
    return section(name, heading, paragraph(how), legend(), *boards)


def _board(published: Published, code: str, latest: pd.Timestamp) -> str:
    cells = published.at(latest, "icb")
    shown = [published.indicators[i] for i in _shown_in("headline", "register")]
    rows = [
        [
            text(item.heading),
            figure_cell(cells.get((code, "all", item.id)), item.unit, interval=True),
            text(_reading(published.series("icb", code, item.id), latest)),
        ]
        for item in shown
    ]
    heading = f"Integrated care board {code}"
    summary = table(
        f"Latest closed month: {month(latest)}",
        ["Indicator", "Value (95% interval)", "Against its own past"],
        rows,
    )
    charts = [_chart(published.series("icb", code, item.id), item, code) for item in shown]
    return tag("h3", text(heading)) + summary + marks() + tag("div", *charts, class_="charts")


def marks() -> str:
    """The explanation that stands under every table of figures."""
    return paragraph(MARKS, class_="note")


def _reading(series: pd.DataFrame, latest: pd.Timestamp) -> str:
    last = series[series["period_start"] == latest]
    if last.empty:
        return _READINGS["not_assessed"]
    row = last.iloc[0]
    cause = _CAUSES[row["special_cause"]]
    trial = ", trial limits" if row["trial_limits"] and row["variation"] != "not_assessed" else ""
    return _READINGS[row["variation"]] + (f" ({cause})" if cause else "") + trial


def _chart(series: pd.DataFrame, item: Indicator, code: str) -> str:
    if series["value"].isna().all():
        return ""
    note = "Value each month"
    if (series["variation"] == "not_assessed").all():
        note += "; not assessed, since a month is hidden or missing or there are too few"
    elif series["trial_limits"].any():
        note += "; fewer than 13 months, so the limits are trial limits"
    caption = tag("figcaption", tag("strong", text(item.heading)), tag("span", text(note)))
    chart = control_chart(f"chart-{code}-{item.id}", item.heading, series, item.unit, item.polarity)
    rows = [
        [
            month(row.period_start),
            _value(row, item),
            text(
                _READINGS[row.variation]
                + (f" ({_CAUSES[row.special_cause]})" if row.special_cause != "none" else "")
            ),
        ]
        for row in records(series)
    ]
    data = table(f"{item.heading}, by month", ["Month", "Value", "Reading"], rows)
    return tag("figure", caption, chart, tag("details", tag("summary", f"Data: {text(item.name)}"), data))


def _value(row: Any, item: Indicator) -> str:
    if pd.notna(row.value):
        return text(number(row.value, item.unit))
    return NO_FIGURE[row.value_status]


def networks(published: Published) -> str:
    """Primary care networks side by side in the latest closed month."""
    name, heading = "networks", "Primary care networks"
    latest, placed = published.latest_month("copd_register"), published.latest_month("people_placed")
    if latest is None:
        return section(name, heading, paragraph(NOT_YET))
    content = [
        paragraph(
            "Small networks vary more by chance: read a value with its interval in the published tables,"
            " and do not rank. Figures are rounded, so parts need not add up to totals."
        ),
        _by_network(
            published,
            latest,
            _shown_in("networks", "register"),
            f"Exacerbations, hospital use and reviews, {RATES}",
        ),
        paragraph(NOT_PLACED)
        if placed is None
        else _by_network(
            published,
            placed,
            _shown_in("networks", "placed"),
            "Dispositions, with clinic places taken and new names",
        ),
        marks(),
    ]
    return section(name, heading, *content)


def _by_network(published: Published, latest: pd.Timestamp, wanted: Sequence[str], what: str) -> str:
    cells = published.at(latest, "pcn")
    items = [published.indicators[i] for i in wanted]
    rows = [
        [text(code), *(figure_cell(cells.get((code, "all", item.id)), item.unit) for item in items)]
        for code in sorted({key[0] for key in cells})
    ]
    return table(f"{what}: {month(latest)}", ["Network", *(item.column for item in items)], rows)


def equity(published: Published) -> str:
    """Need and selection by deprivation, sex, age and ethnic group, for each board's latest closed month."""
    name, heading = "equity", "Equity"
    latest = published.latest_month("copd_register")
    if latest is None:
        return section(name, heading, paragraph(NOT_YET))
    placed = published.latest_month("people_placed")
    words = (
        "Compare what a group needs (exacerbations, admissions) with what it gets (reviews, the clinic)."
        " Groups differ in age and illness, and nothing here is standardised. People whose group is not"
        " known stay visible as a group of their own."
    )
    later = [] if placed is not None else [paragraph(NOT_PLACED)]
    tables = [
        _by_group(published, code, kind, latest, placed)
        for code in published.codes("icb", latest)
        for kind in BREAKDOWNS
    ]
    return section(name, heading, paragraph(words), *later, *tables, marks())


def _by_group(
    published: Published, code: str, kind: str, latest: pd.Timestamp, placed: pd.Timestamp | None
) -> str:
    cells = published.at(latest, "icb", kind)
    chosen = {} if placed is None else published.at(placed, "icb", kind)
    events = _shown_in("equity", "register")
    wanted = events if placed is None else [*events, *_shown_in("equity", "placed")]
    items = [published.indicators[i] for i in wanted]
    groups = published.breakdowns[published.breakdowns["breakdown_type"] == kind]
    rows = [
        [
            text(group.label),
            *(
                figure_cell(
                    (cells if item.id in events else chosen).get((code, group.breakdown_value, item.id)),
                    item.unit,
                )
                for item in items
            ),
        ]
        for group in records(groups)
    ]
    when = month(latest) if placed in (None, latest) else f"{month(latest)}; dispositions {month(placed)}"
    caption = f"By {BREAKDOWNS[kind]}, {RATES}, {code}: {when}"
    return table(caption, ["Group", *(item.column for item in items)], rows)


_CHECKS = {
    "sex_unknown": "Sex not known",
    "age_band_unknown": "Age not known or under 35",
    "imd_quintile_unknown": "Deprivation not known",
    "ethnicity_group_unknown": "Ethnic group not stated or not known",
    "figures_hidden": "Figures hidden by disclosure control",
}


def completeness(published: Published) -> str:
    """How much of the latest closed month is known and shown, for each board."""
    latest = published.latest_month("copd_register")
    quality = published.quality
    rows = quality[(quality["org_level"] == "icb") & (quality["period_start"] == latest)]
    if rows.empty:
        return ""
    lines = [
        [
            text(f"{_CHECKS[row.check_id]} ({row.org_code})"),
            number(row.value, "%") if row.value_status == "shown" else NO_FIGURE[row.value_status],
        ]
        for row in records(rows.sort_values(["org_code", "check_id"]))
    ]
    return table(f"Completeness: {month(latest)}", ["Check", "Share"], lines) + marks()
