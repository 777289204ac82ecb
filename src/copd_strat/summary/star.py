"""The published tables, built from history alone: what is not published cannot reach them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa

from copd_strat.config import SummarySettings
from copd_strat.contracts.own_tables import column_names, conform
from copd_strat.summary import schemas
from copd_strat.summary.control_charts import spc_rows
from copd_strat.summary.cube import breakdown_types, breakdowns, indicators, unknown_value
from copd_strat.summary.fact_rows import DECIMALS, organisation_versions
from copd_strat.summary.parquet_files import dictionary
from copd_strat.summary.period_history import History
from copd_strat.summary.periods import Period, financial_year
from copd_strat.summary.statistic_rows import from_published


def tables(history: History, run: dict[str, object], settings: SummarySettings) -> dict[str, pa.Table]:
    """Every published table by name."""
    rows = history.facts()
    published = rows.to_pandas(date_as_object=True)
    versions = organisation_versions(history.membership())
    latest = latest_rows(published)
    published["is_latest"] = published.index.isin(latest.index)
    built = {
        "fact_indicator": published,
        "fact_spc": spc_rows(latest, versions, settings),
        "fact_data_quality": quality_rows(published),
        "fact_statistic": _stacked(history.rates(), from_published(latest, versions)),
        "dim_org": versions,
        "dim_indicator": indicators(),
        "dim_period": period_rows(latest),
        "dim_breakdown": breakdowns(),
        "dim_run": run_rows(history.runs(), run),
        "disclosure_record": record_rows(history.disclosure()),
    }
    return {
        **{name: conform(schemas.published(name), frame) for name, frame in built.items()},
        "data_dictionary": dictionary(),
    }


def _stacked(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    """Two frames below each other, an empty one left out: it has no types."""
    there = [frame for frame in (first, second) if len(frame)]
    return pd.concat(there, ignore_index=True) if there else first


def latest_rows(published: pd.DataFrame) -> pd.DataFrame:
    """Each period's rows of its latest revision."""
    newest = published.groupby("period_key")["revision"].transform("max")
    return published[published["revision"] == newest]


def period_rows(latest: pd.DataFrame) -> pd.DataFrame:
    columns = ["period_key", "period_start", "period_end", "period_type"]
    periods = latest.groupby(columns, as_index=False).agg(is_provisional=("is_provisional", "first"))
    return periods.assign(
        label=periods["period_key"].map(lambda key: Period.of_key(key).label),
        financial_year=periods["period_start"].map(financial_year),
    )


def record_rows(record: pd.DataFrame | None) -> pd.DataFrame:
    """What disclosure control hid in each publication; the share of hidden counts of 1 to 7 it left narrowed."""
    if record is None:
        return pd.DataFrame(columns=list(column_names(schemas.published("disclosure_record"))))
    return record


def run_rows(published: pd.DataFrame | None, run: dict[str, object]) -> pd.DataFrame:
    """Runs that published a month, and the present one."""
    now = pd.DataFrame([run])
    return (now if published is None else pd.concat([published, now])).drop_duplicates("run_id", keep="last")


def quality_rows(published: pd.DataFrame) -> pd.DataFrame:
    """Completeness of the register's groups, and the share of hidden figures, from published rows."""
    place = ["period_key", "period_start", "period_end", "org_key", "revision", "is_latest"]
    register = published[published["indicator_id"] == "copd_register"]
    whole = register.loc[register["breakdown_type"] == "all", [*place, "numerator"]]
    checks = []
    for kind in breakdown_types():
        unknown = register[
            (register["breakdown_type"] == kind) & (register["breakdown_value"] == unknown_value(kind))
        ]
        both = unknown[[*place, "numerator"]].merge(whole, on=place, suffixes=("_failed", "_checked"))
        both = both.rename(columns={"numerator_failed": "failed", "numerator_checked": "checked"})
        checks.append(both.assign(check_id=f"{kind}_unknown"))
    counted = published[published["value_status"] != "insufficient_data"]
    figures = counted.assign(failed=counted["value_status"] == "suppressed_small", checked=1)
    hidden = figures.groupby(place, as_index=False)[["failed", "checked"]].sum()
    rows = pd.concat([*checks, hidden.assign(check_id="figures_hidden")], ignore_index=True)
    value = (100 * rows["failed"] / rows["checked"].where(rows["checked"] != 0)).round(DECIMALS)
    nobody = rows["checked"] == 0
    known = rows["failed"].notna() & rows["checked"].notna()
    status = np.select([~known, nobody], ["suppressed_small", "not_applicable"], "shown")
    return rows.assign(value=value.where(known), value_status=status)
