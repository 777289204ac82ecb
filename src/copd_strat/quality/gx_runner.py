"""The one place that runs Great Expectations: imported only when a suite is judged, since that takes seconds.

It works in memory, writes no file, shows no progress and asks nothing of the network.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from copd_strat.checks.expectations import expectations
from copd_strat.quality.findings import Level


@dataclass(frozen=True, kw_only=True)
class SuiteOutcome:
    """What Great Expectations says of one expectation, in counts or as an aggregate."""

    code: str
    level: Level
    success: bool
    observed: dict[str, float]


@cache
def _batch_definition() -> Any:
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False, metric_calculations=False)
    asset = context.data_sources.add_pandas("frames").add_dataframe_asset("frame")
    return asset.add_batch_definition_whole_dataframe("whole")


def run_suite(frame: pd.DataFrame, suite: Iterable[Any]) -> list[SuiteOutcome]:
    """Judge ``frame`` by expectations whose ``meta`` names code and level; one that cannot be computed fails."""
    expected = list(suite)
    if not expected:
        return []
    expectations()
    import great_expectations as gx

    # No value of a row comes back, only counts.
    form: dict[str, Any] = {"result_format": "BASIC", "partial_unexpected_count": 0}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        judged = (
            _batch_definition()
            .get_batch(batch_parameters={"dataframe": frame})
            .validate(gx.ExpectationSuite(name="contract", expectations=expected), result_format=form)
        )
    return sorted(map(_outcome, judged.results), key=lambda o: (o.code, o.level))


def _outcome(found: Any) -> SuiteOutcome:
    meta = found.expectation_config.meta
    return SuiteOutcome(
        code=meta["code"],
        level=meta["level"],
        success=bool(found.success),
        observed=_observed(found.result),
    )


def _observed(result: dict[str, Any]) -> dict[str, float]:
    if "unexpected_count" in result:
        rows, missing = int(result["element_count"]), int(result.get("missing_count") or 0)
        breaking = int(result["unexpected_count"])
        return {"breaking": breaking, "rows": rows, "share": round(breaking / max(rows - missing, 1), 6)}
    value = result.get("observed_value")
    return {"observed": round(float(value), 6)} if isinstance(value, (int, float, np.number)) else {}
