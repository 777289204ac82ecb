"""Sections about the run: what it is, its data, what it could not see, code lists and dictionary.

A commissioner sees counts of patients on the monthly clock only, so nothing here counts people, and rows of
files are given in thousands (two nights compared would otherwise give a patient away).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from copd_strat.plan import RunStamp
from copd_strat.report.figures import completeness
from copd_strat.report.markup import (
    bullets,
    day,
    month,
    paragraph,
    section,
    table,
    tag,
    text,
    thousands,
)
from copd_strat.report.published_rows import Published, Tables, records

Manifest = Mapping[str, Any]

_IS = (
    "A monthly view of the COPD registers: exacerbations, hospital use, reviews and who is on which list.",
    "An aid to planning and to fairness: it supports judgement and replaces nobody's.",
    "Made from pseudonymised records of practices and hospitals, counted and protected before publication.",
)
_IS_NOT = (
    "Not evidence that risk stratification lowers admissions. In a trial in 32 Welsh practices emergency"
    " admissions and costs rose (PRISMATIC, BMJ Qual Saf 2019;28:697). Watch admissions, attendances and bed"
    " days here for harm as well as for good.",
    "Not a league table of practices or networks, and not a measure of any person.",
    "Not for adding up: figures are rounded and some are hidden, so totals are rows of their own.",
)


def purpose() -> str:
    return section(
        "purpose",
        "What this is, and what it is not",
        tag("h3", "It is"),
        bullets(_IS),
        tag("h3", "It is not"),
        bullets(_IS_NOT),
    )


def data_as_at(stamp: RunStamp, manifest: Manifest, published: Published) -> str:
    """Dates of the run and of its sources, published months, completeness."""
    hospital = manifest["hospital_complete_to"]
    facts = [
        ("Data as at", day(stamp.index_date)),
        ("Made on", day(stamp.as_of)),
        ("GP records complete to", day(manifest["gp_complete_to"])),
        ("Hospital records complete to", day(hospital) if hospital else "no hospital records"),
        ("Published months", _months(published.periods)),
        ("Still provisional", _provisional(published.periods)),
        ("Policy", stamp.policy),
        ("Risk model", stamp.model),
        ("Run", stamp.run_id),
        ("Software", f"copd-strat {manifest['version']}"),
    ]
    terms = "".join(tag("dt", text(name)) + tag("dd", text(value)) for name, value in facts)
    rule = (
        "A month is published once every source is complete past its end, and may be revised once, three"
        " months later. Counts of 1 to 7 are hidden and the others rounded to the nearest 5; some"
        " more are hidden so that no hidden one can be worked out. Rates come from the rounded counts."
    )
    return section("data", "Data as at", tag("dl", terms), paragraph(rule), completeness(published))


def _months(periods: pd.DataFrame) -> str:
    if periods.empty:
        return "none yet"
    starts = periods["period_start"]
    return f"{month(starts.min())} to {month(starts.max())} ({len(starts)} months)"


def _provisional(periods: pd.DataFrame) -> str:
    starts = periods.loc[periods["is_provisional"].astype(bool), "period_start"]
    return "none" if starts.empty else ", ".join(month(start) for start in starts)


def data_quality(manifest: Manifest) -> str:
    """Files and rows of each source, in thousands."""
    rows = [
        [
            text(f"{source['layout']} {source['table']}"),
            f"{len(source['files']):,}",
            *(thousands(source[name]) for name in ("rows_in", "loaded", "quarantined", "duplicates")),
        ]
        for source in manifest["inputs"]["tables"]
    ]
    words = (
        "Every row that came in was loaded, set aside because it broke a rule of its contract, or left out as"
        " a duplicate. Rows are entries of records, given in thousands because they change every night. Exact"
        " counts are in the run's manifest, for the site's analysts."
    )
    header = ["Source", "Files", "Rows in", "Loaded", "Set aside", "Duplicates"]
    return section("quality", "Data quality", paragraph(words), table("Rows by source", header, rows))


def not_observed(manifest: Manifest, published: Published) -> str:
    """What no source covers, and why; limits of the sources in words."""
    rows = [
        [text(name.replace("_", " ")), text(why)] for name, why in sorted(manifest["not_observable"].items())
    ]
    silent = _unobserved(published)
    rows += [
        [text(name), "no source or no earlier run covers it in the latest closed month"] for name in silent
    ]
    counted = (
        f"{len(manifest['not_observable'])} of {manifest['facts_looked_for']} facts about patients and"
        f" {len(silent)} of {len(published.indicators)} indicators could not be observed."
        " What cannot be seen in the records is never counted as absent or as 0."
    )
    content = [paragraph(counted)]
    if rows:
        content.append(table("Not observable in this run", ["What", "Why"], rows, numbers=False))
    # A warning with a figure in it may count people, and is for the manifest only.
    limits = [words for words in manifest["warnings"] if not any(map(str.isdigit, words))]
    if limits:
        content += [tag("h3", "Limits of the sources"), bullets(limits)]
    return section("not-observed", "What could not be observed", *content)


def _unobserved(published: Published) -> list[str]:
    """Names of indicators without data at board level in the last month that holds any."""
    rows = published.rows[
        (published.rows["org_level"] == "icb") & (published.rows["breakdown_type"] == "all")
    ]
    rows = rows[rows["period_start"] == rows["period_start"].max()]
    ids = set(rows.loc[rows["value_status"] == "insufficient_data", "indicator_id"])
    return sorted(published.indicators[i].name for i in ids)


def code_lists(manifest: Manifest) -> str:
    rows = [
        [text(used["name"]), text(used["edition"]), f"{used['codes']:,}", f"{len(used['concepts']):,}"]
        for used in manifest["code_lists"]["lists"]
    ]
    words = "What a code means is decided by these lists. A site may replace the packaged ones by its own."
    header = ["List", "Edition", "Codes", "Concepts"]
    return section("code-lists", "Code lists in use", paragraph(words), table("Code lists", header, rows))


def definitions(facts: Tables) -> str:
    """What each indicator counts, and what each published column holds and must not be used for."""
    indicators = [
        [
            text(row.name),
            text(row.unit),
            text(row.numerator_definition),
            text(row.denominator_definition),
            text(row.source),
        ]
        for row in records(facts["dim_indicator"])
    ]
    header = ["Indicator", "Unit", "Counts", "Among", "Source"]
    dictionary = facts["data_dictionary"].sort_values(["table_name", "position"])
    columns = [
        [
            text(f"{row.table_name}.{row.column_name}"),
            text(row.type),
            text(row.meaning),
            text(row.caution),
        ]
        for row in records(dictionary.fillna({"caution": ""}))
    ]
    return section(
        "definitions",
        "Definitions and data dictionary",
        _folded("Definitions of the indicators", header, indicators),
        _folded("Columns of the published tables", ["Column", "Type", "Holds", "Caution"], columns),
    )


def _folded(caption: str, header: list[str], rows: list[list[str]]) -> str:
    return tag("details", tag("summary", text(caption)), table(caption, header, rows, numbers=False))
