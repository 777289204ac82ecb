"""The page: one HTML file with its styles and charts inside, no script, nothing fetched."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from copd_strat.plan import RunStamp
from copd_strat.report import about, figures
from copd_strat.report.markup import day, paragraph, tag, text
from copd_strat.report.published_rows import Published
from copd_strat.report.styles import CSS

# No script, no font, no frame: a mail gateway or an intranet may show the page as it is.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
SYNTHETIC = "SYNTHETIC: these people do not exist. Not for any use in care or planning."
CONTENTS = {
    "purpose": "What this is, and what it is not",
    "data": "Data as at",
    "headline": "Headline figures",
    "networks": "Primary care networks",
    "equity": "Equity",
    "quality": "Data quality",
    "not-observed": "What could not be observed",
    "code-lists": "Code lists in use",
    "definitions": "Definitions and data dictionary",
}


def write_report(
    path: Path, *, stamp: RunStamp, facts: Mapping[str, pd.DataFrame], manifest: Mapping[str, Any]
) -> None:
    """Write the report of a run to ``path``: the same figures give the same bytes.

    ``facts`` are the published tables by name (columns of ``outputs.schemas``); whatever counts patients
    comes from there. Of ``manifest`` only what counts nobody is shown. Tables may be empty: before the
    first month has closed the page says so.
    """
    path.write_text(report(stamp=stamp, facts=facts, manifest=manifest), encoding="utf-8", newline="\n")


def report(*, stamp: RunStamp, facts: Mapping[str, pd.DataFrame], manifest: Mapping[str, Any]) -> str:
    """The page as text."""
    published = Published.of(facts)
    sections = [
        about.purpose(),
        about.data_as_at(stamp, manifest, published),
        figures.headline(published),
        figures.networks(published),
        figures.equity(published),
        about.data_quality(manifest),
        about.not_observed(manifest, published),
        about.code_lists(manifest),
        about.definitions(facts),
    ]
    body = [
        tag("a", "Skip to the report", href="#main", class_="skip"),
        paragraph(SYNTHETIC, class_="banner") if stamp.synthetic else "",
        _header(stamp),
        tag("main", _contents(), *sections, id="main"),
        tag("footer", paragraph(f"Run {stamp.run_id}, data as at {day(stamp.index_date)}.")),
    ]
    return "\n".join(["<!DOCTYPE html>", tag("html", _head(stamp), tag("body", *body), lang="en-GB"), ""])


def _head(stamp: RunStamp) -> str:
    return tag(
        "head",
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        tag("title", text(f"COPD monthly report: {stamp.title}")),
        tag("style", CSS),
    )


def _header(stamp: RunStamp) -> str:
    words = f"Data as at {day(stamp.index_date)}. It supports judgement and does not replace it."
    return tag(
        "header", tag("div", tag("h1", "COPD monthly report"), paragraph(stamp.title), paragraph(words))
    )


def _contents() -> str:
    links = [tag("li", tag("a", text(words), href=f"#{name}")) for name, words in CONTENTS.items()]
    return tag("nav", tag("ul", *links), aria_label="Contents")
