"""The page: one HTML file with its styles and charts inside, no script, nothing fetched."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from markupsafe import Markup

from copd_strat.plan import RunStamp
from copd_strat.report import about, figures
from copd_strat.report.charts import legend
from copd_strat.report.first_screen import first_screens
from copd_strat.report.published_rows import Published
from copd_strat.report.rendering import render
from copd_strat.report.screen_read_back import require_figures
from copd_strat.report.shown_values import day, month
from copd_strat.report.styles import CSS
from copd_strat.summary.spc import NOMINAL_POINTS

CONTENTS = {
    "changed": "What changed",
    "clinic": "Clinic and self-management",
    "outcomes": "Outcomes and care",
    "equity": "Equity",
    "quality": "Quality of the data",
    "method": "Method, and what this is not",
}


def write_report(
    path: Path, *, stamp: RunStamp, facts: Mapping[str, pd.DataFrame], manifest: Mapping[str, Any]
) -> None:
    """Write the report of a run to ``path``: the same figures give the same bytes.

    ``facts`` are the published tables by name (columns of ``outputs.schemas``); whatever counts patients
    comes from there. Of ``manifest`` only what counts nobody is shown. Tables may be empty: before the
    first month has closed the page says so. OutputError if the first screen, read back, is not what they say.
    """
    path.write_text(report(stamp=stamp, facts=facts, manifest=manifest), encoding="utf-8", newline="\n")
    require_figures(path, facts)


def report(*, stamp: RunStamp, facts: Mapping[str, pd.DataFrame], manifest: Mapping[str, Any]) -> str:
    """The page as text."""
    published = Published.of(facts)
    content = {
        "stamp": stamp,
        "contents": CONTENTS,
        "css": Markup(CSS),  # noqa: S704 - the program's own style sheet
        "legend": legend(),
        "as_at": about.data_as_at(stamp, manifest, published),
        "completeness": figures.completeness(published),
        "latest": published.latest_month("copd_register"),
        "first_screens": first_screens(published),
        "clinic": figures.boards(published, "clinic"),
        "outcomes": figures.boards(published, "outcomes"),
        "dispositions": figures.network_dispositions(published),
        "networks": figures.networks(published),
        "standing_out": figures.standing_out(published),
        "equity": figures.equity(published),
        "by_chance": round(100 * NOMINAL_POINTS),
        "quality": about.data_quality(manifest),
        "model_fit": about.model_fit(manifest, stamp),
        "unseen": about.not_observed(manifest, published),
        "code_lists": about.code_lists(manifest),
        "definitions": about.definitions(facts),
    }
    return render("report.html", day=day, month=month, **content) + "\n"
