"""What the page says about the run: its data, what it could not see, code lists and dictionary.

A commissioner sees counts of patients on the monthly clock only, so nothing here counts people, and rows of
files are given in thousands (two nights compared would otherwise give a patient away).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from copd_strat.contracts.own_tables import column_names, own_table
from copd_strat.plan import RunStamp
from copd_strat.report.figures import BREAKDOWNS
from copd_strat.report.published_rows import Published, Tables, records
from copd_strat.report.shown_values import Shown, day, month, thousands

Manifest = Mapping[str, Any]


@dataclass(frozen=True)
class Unseen:
    """What no source covers: how much of what was looked for, each with its reason, and limits in words."""

    facts: int
    facts_looked_for: int
    indicators: int
    indicators_published: int
    table: Shown
    limits: list[str]


def data_as_at(stamp: RunStamp, manifest: Manifest, published: Published) -> list[tuple[str, str]]:
    """Dates of the run and of its sources, published months, what made them."""
    hospital = manifest["hospital_complete_to"]
    return [
        ("Records read up to", day(stamp.index_date)),
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


def _months(periods: pd.DataFrame) -> str:
    if periods.empty:
        return "none yet"
    starts = periods.loc[periods["period_type"] == "month", "period_start"]
    return f"{month(starts.min())} to {month(starts.max())} ({len(starts)} months)"


def _provisional(periods: pd.DataFrame) -> str:
    starts = periods.loc[periods["is_provisional"].astype(bool), "period_start"]
    return "none" if starts.empty else ", ".join(month(start) for start in starts)


def data_quality(manifest: Manifest) -> Shown:
    """Files and rows of each source, in thousands."""
    rows = [
        [
            source["title"],
            f"{len(source['files']):,}",
            *(thousands(source[name]) for name in ("rows_in", "loaded", "quarantined", "duplicates")),
        ]
        for source in manifest["inputs"]["tables"]
    ]
    header = ["Source", "Files", "Rows in", "Loaded", "Set aside", "Duplicates"]
    return Shown("Rows by source", header, rows)


def model_fit(manifest: Manifest, stamp: RunStamp) -> Shown:
    """Monitoring without a count: stability of the scores, observed over expected of the months that tell."""
    found = manifest["monitoring"]
    since = found["reference"]["since"]
    itself = since == stamp.as_of.isoformat()
    rows = [
        [
            f"{_meaning('scores', name)}: stability index against {day(since)}",
            "nothing to compare with yet: this run is the reference" if itself else f"{value:.2f}",
        ]
        for name, value in found["stability"].items()
    ]
    rows += [
        [
            f"{one['outcome'].replace('_', ' ')}, risks of {month(one['month'])} over {one['days']} days",
            f"{one['oe_ratio']:.2f} ({one['lower']:.2f} to {one['upper']:.2f})",
        ]
        for one in found["calibration"]
        if one["enough"]
    ]
    return Shown("Monitoring of the model", ["What", "Figure"], rows)


def not_observed(manifest: Manifest, published: Published) -> Unseen:
    """What no source covers, and why; limits of the sources in words."""
    rows = [[_meaning("features", name), why] for name, why in sorted(manifest["not_observable"].items())]
    silent = _unobserved(published)
    rows += [[name, "no source or no earlier run covers it in its latest period"] for name in silent]
    rows += [[f"{name}, by group", why] for name, why in _groups_unobserved(published)]
    return Unseen(
        facts=len(manifest["not_observable"]),
        facts_looked_for=manifest["facts_looked_for"],
        indicators=len(silent),
        indicators_published=len(published.indicators),
        table=Shown("Not observable in this run", ["What", "Why"], rows, numbers=False),
        # A warning with a figure in it may count people, and is for the manifest only.
        limits=[words for words in manifest["warnings"] if not any(map(str.isdigit, words))],
    )


def _meaning(table: str, column: str) -> str:
    """What a column holds, in the words of its contract; the name of a fact that is no column."""
    contract = own_table("internal", table)
    return (
        contract.column(column).description if column in column_names(contract) else column.replace("_", " ")
    )


def _unobserved(published: Published) -> list[str]:
    """Names of indicators without data at board level in the last month that holds any."""
    rows = published.rows[
        (published.rows["org_level"] == "icb") & (published.rows["breakdown_type"] == "all")
    ]
    rows = rows[rows["period_end"] == rows.groupby("indicator_id")["period_end"].transform("max")]
    ids = set(rows.loc[rows["value_status"] == "insufficient_data", "indicator_id"])
    return sorted(published.indicators[i].name for i in ids)


def _groups_unobserved(published: Published) -> list[tuple[str, str]]:
    """Indicators whose board's total is seen and whose groups are not: they are published for longer periods."""
    total, found = published.latest("icb"), {}
    for kind in BREAKDOWNS:
        groups = published.latest("icb", kind)
        for code, _, name in sorted(groups.cells):
            silent = groups.status(code, name) == {"insufficient_data"}
            if silent and total.status(code, name) != {"insufficient_data"}:
                found[published.indicators[name].name] = groups.periods[name]
    why = "no source covers the whole of {}, the latest period for which groups are published"
    return sorted((name, why.format(period)) for name, period in found.items())


def code_lists(manifest: Manifest) -> Shown:
    rows = [
        [used["name"], used["edition"], f"{used['codes']:,}", f"{len(used['concepts']):,}"]
        for used in manifest["code_lists"]["lists"]
    ]
    return Shown("Code lists", ["List", "Edition", "Codes", "Concepts"], rows)


def definitions(facts: Tables) -> tuple[Shown, Shown]:
    """What each indicator counts, and what each published column holds and must not be used for."""
    indicators = [
        [row.name, row.unit, row.numerator_definition, row.denominator_definition, row.source]
        for row in records(facts["dim_indicator"])
    ]
    dictionary = facts["data_dictionary"].sort_values(["table_name", "position"])
    columns = [
        [f"{row.table_name}.{row.column_name}", row.type, row.meaning, row.caution]
        for row in records(dictionary.fillna({"caution": ""}))
    ]
    header = ["Indicator", "Unit", "Counts", "Among", "Source"]
    return (
        Shown("Definitions of the indicators", header, indicators, numbers=False),
        Shown(
            "Columns of the published tables", ["Column", "Type", "Holds", "Caution"], columns, numbers=False
        ),
    )
