"""Small groups of people do not appear in figures, and cannot be worked out from the others.

The simple rule of docs/decisions.md §48: nothing of fewer than 30 people, nothing of fewer than 8 events or 8
people without one. Where one group of a kind is hidden, the smallest that is left is hidden with it, since the
total would give the one away.
"""

from __future__ import annotations

import pandas as pd

from copd_strat.evaluation.subgroups import FEWEST_EVENTS, FEWEST_PEOPLE, OVERALL

_KIND = ["model", "outcome", "metric", "group_type"]
_FIGURES = ["value", "lower", "upper", "n", "events"]


def withhold_small(metrics: pd.DataFrame) -> pd.DataFrame:
    """``metrics`` with the figures of small groups empty."""
    n, events = metrics["n"], metrics["events"]
    small = (n < FEWEST_PEOPLE) | (events < FEWEST_EVENTS) | (n - events < FEWEST_EVENTS)
    hidden = small | _next_smallest(metrics, small)
    shown = metrics.astype({"n": "Int64", "events": "Int64"})
    shown.loc[hidden, _FIGURES] = pd.NA
    return shown


def _next_smallest(metrics: pd.DataFrame, small: pd.Series) -> pd.Series:
    """The smallest group left of every kind of which only one is hidden."""
    split = metrics["group_type"] != OVERALL[0]
    alone = small.groupby([metrics[name] for name in _KIND]).transform("sum") == 1
    left = metrics["n"].where(split & alone & ~small)
    smallest = left.groupby([metrics[name] for name in _KIND]).transform("min")
    return (left == smallest).fillna(False)
