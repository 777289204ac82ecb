"""Published tables and a manifest of people who do not exist, made by hand: no engine, no audit."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import date
from typing import Any

import pandas as pd

from copd_strat.config import SummarySettings
from copd_strat.contracts.own_tables import column_names
from copd_strat.plan import RunStamp
from copd_strat.summary.control_charts import spc_rows
from copd_strat.summary.cube import breakdowns, indicators
from copd_strat.summary.parquet_files import dictionary
from copd_strat.summary.periods import add_months, month_end
from copd_strat.summary.schemas import published
from copd_strat.summary.star import period_rows, quality_rows

FIRST = date(2025, 1, 1)
#: A hidden cell holds this number here, which nobody may ever read.
CANARY = 77777.0
SETTINGS = SummarySettings()
#: Codes are the sender's: they may hold blanks and what would be markup.
BOARD = "Vale & Salt ICB"
Hides = Callable[[str, str, str, Any], bool]
ORGS = (
    ("icb", BOARD, None),
    ("pcn", "U11", None),
    ("pcn", "U22", None),
    ("practice", "A81001", "Ash & <b>Elm"),
)


def stamp(*, synthetic: bool = True) -> RunStamp:
    day = date(2026, 4, 20)
    return RunStamp(
        run_id="20260420-0a1b2c3d",
        as_of=day,
        index_date=day,
        policy="risk_and_rules 1",
        model="accept3_cprd",
        synthetic=synthetic,
        title="Salt <i>& Vale",
    )


def organisations() -> pd.DataFrame:
    rows = [
        (
            f"{level}:{code}:2025-01",
            level,
            code,
            name or code,
            None,
            code,
            None,
            None,
            BOARD,
            FIRST,
            None,
            True,
        )
        for level, code, name in ORGS
    ]
    return pd.DataFrame(rows, columns=list(column_names(published("dim_org"))))


def _is_hidden(org: str, kind: str, value: str, item: Any) -> bool:
    """What is hidden unless a test hides something else."""
    return (org.startswith("pcn:U22") and item.indicator_id.startswith("readmissions")) or value == "mixed"


def _row(month: date, org: str, kind: str, value: str, item: Any, n: int, is_hidden: Hides) -> dict[str, Any]:
    hidden = is_hidden(org, kind, value, item)
    counted = item.kind == "count"
    shock = 300 if n == 27 and item.indicator_id in ("moderate_exacerbations", "copd_reviews") else 0
    numerator = 6000.0 if counted else 5 * round(70 + 9 * math.sin(n)) + shock
    shown = "suppressed_small" if hidden else "shown"
    if item.indicator_id == "ed_only_exacerbations":
        shown = "insufficient_data"
    figure = CANARY if shown != "shown" else numerator * item.multiplier / (1 if counted else 6000)
    return {
        "period_key": f"month-{month:%Y-%m}",
        "period_start": month,
        "period_end": month_end(month),
        "period_type": "month",
        "org_key": org,
        "level": f"{org.partition(':')[0]} {'total' if kind == 'all' else f'by {kind}'}",
        "breakdown_key": f"{kind}:{value}",
        "breakdown_type": kind,
        "breakdown_value": value,
        "indicator_id": item.indicator_id,
        "numerator": numerator,
        "denominator": None if counted else 6000,
        "value": figure,
        "ci_lower": None if item.interval_method == "none" else figure * 0.8,
        "ci_upper": None if item.interval_method == "none" else figure * 1.25,
        "value_status": shown,
        "sdc_method": "hes_hide_1_to_7_round_5",
        "group_disclosure": item.indicator_id == "disposition_not_listed",
        "is_provisional": n >= 27,
        "revision": 0,
        "is_latest": True,
        "run_id": "20260420-0a1b2c3d",
    }


def tables(
    months: int = 30, settings: SummarySettings = SETTINGS, is_hidden: Hides = _is_hidden
) -> dict[str, pd.DataFrame]:
    """Published tables with ``months`` months; the last three have dispositions, the last two breakdowns."""
    places, groups = organisations(), breakdowns()
    named = [list(frame.itertuples()) for frame in (places, indicators(), groups)]
    rows = [
        _row(
            add_months(FIRST, n), org.org_key, group.breakdown_type, group.breakdown_value, item, n, is_hidden
        )
        for n in range(months)
        for org in named[0]
        for item in named[1]
        for group in named[2]
        if (
            group.breakdown_type == "all"
            or (item.breakdown and org.org_level != "practice" and n >= months - 2)
        )
        and (item.cohort == "register" or n >= months - 3)
    ]
    facts = pd.DataFrame(rows, columns=list(column_names(published("fact_indicator"))))
    honest = facts.assign(value=facts["value"].where(facts["value_status"] == "shown"))
    return {
        "fact_indicator": facts,
        "fact_spc": spc_rows(honest, places, settings)[list(column_names(published("fact_spc")))],
        "fact_data_quality": quality_rows(honest)[list(column_names(published("fact_data_quality")))],
        "dim_org": places,
        "dim_indicator": indicators(),
        "dim_period": period_rows(facts),
        "dim_breakdown": groups,
        "data_dictionary": dictionary().to_pandas(),
    }


def manifest() -> dict[str, Any]:
    counts = {"rows_in": 123456, "loaded": 123397, "quarantined": 57, "duplicates": 2}
    return {
        "version": "0.1.0",
        "gp_complete_to": "2026-04-18",
        "hospital_complete_to": None,
        "register": 6543,
        "inputs": {
            "tables": [
                {"layout": "native", "table": "gp_events", "title": "GP events", "files": [{}, {}], **counts}
            ]
        },
        "facts_looked_for": 74,
        "not_observable": {"has_carer": "no code list"},
        "monitoring": {
            "reference": {"since": "2026-01-05"},
            "stability": {"risk_severe_12m": 0.012},
            "calibration": [
                {
                    "month": "2025-10-01",
                    "outcome": "severe_exacerbation",
                    "days": 190,
                    "oe_ratio": 1.0412,
                    "lower": 0.9,
                    "upper": 1.2,
                    "enough": True,
                },
                {
                    "month": "2025-11-01",
                    "outcome": "severe_exacerbation",
                    "days": 160,
                    "oe_ratio": 7.7,
                    "lower": 1.9,
                    "upper": 9.2,
                    "enough": False,
                },
            ],
        },
        "code_lists": {
            "lists": [{"name": "core", "edition": "2026-11", "codes": 964, "concepts": ["a", "b"]}]
        },
        "warnings": [
            "nhse: absence of a code is weak evidence",
            "nhse.hes_apc.EPISTART.not_future: 5 of 4,619 rows",
        ],
    }
