"""Small groups of people do not appear in figures, and cannot be worked out from the others.

The simple rule of docs/decisions.md §48: nothing of fewer than 30 people, nothing of fewer than 8 events or 8
people without one. Where one group of a kind is hidden, the smallest that is left is hidden with it, since the
total would give the one away. What may leave the site is held to the same rule for everything that its figures
tell: people found and missed by the places, tenths of the risk, ways to rank.
"""

from __future__ import annotations

import pandas as pd

from copd_strat.evaluation.measures import OF_PLACES
from copd_strat.evaluation.subgroups import FEWEST_EVENTS, FEWEST_PEOPLE, OVERALL

_KIND = ["model", "outcome", "metric", "group_type"]
_GROUP = ["model", "outcome", "group_type", "group_value"]
_FIGURES = ["value", "lower", "upper", "n", "events"]


def withhold_small(metrics: pd.DataFrame) -> pd.DataFrame:
    """``metrics`` with the figures of small groups empty."""
    small = _small(metrics["n"], metrics["events"])
    shown = metrics.astype({"n": "Int64", "events": "Int64"})
    return _emptied(shown, small, _FIGURES)


def withhold_few_found(metrics: pd.DataFrame) -> pd.DataFrame:
    """``metrics`` for others to see: without figures at capacity that speak of fewer than 8 people.

    The two figures of a group and its events give away who was found, who was missed, and places that went to
    people without an event: if any of these is few, both go.
    """
    wide = metrics[metrics["metric"].isin(OF_PLACES)].pivot(index=_GROUP, columns="metric", values="value")
    events = metrics.drop_duplicates(_GROUP).set_index(_GROUP)["events"].astype("Float64")
    found = wide["sensitivity_at_capacity"].astype("Float64") * events.reindex(wide.index)
    missed = events.reindex(wide.index) - found
    wrong = found / wide["ppv_at_capacity"].astype("Float64") - found
    few = (found.lt(FEWEST_EVENTS) | missed.lt(FEWEST_EVENTS) | wrong.lt(FEWEST_EVENTS)).fillna(True)
    of_row = pd.Series(few.reindex(pd.MultiIndex.from_frame(metrics[_GROUP])).to_numpy(), index=metrics.index)
    small = metrics["metric"].isin(OF_PLACES) & of_row.astype("boolean").fillna(True).astype(bool)
    return _emptied(metrics, small, ["value", "lower", "upper"])


def withhold_tenths(tenths: pd.DataFrame) -> pd.DataFrame:
    """Tenths of one risk for others to see: those of few people or events are empty."""
    small = _small(tenths["n"], tenths["n"] * tenths["observed"])
    if small.sum() == 1:  # all tenths together are told elsewhere
        small |= tenths.index == tenths.loc[~small, "n"].idxmin()
    return tenths.mask(small & pd.Series(True, tenths.index), other=pd.NA).assign(group=tenths["group"])


def withhold_rankings(rankings: pd.DataFrame) -> pd.DataFrame:
    """Ways to rank for others to see."""
    found = rankings["found_at_capacity"] * rankings["events"]
    few = (found < FEWEST_EVENTS) | (rankings["events"] - found < FEWEST_EVENTS)
    shown = rankings.copy()
    shown.loc[few, ["found_at_capacity", "found_lower", "found_upper"]] = pd.NA
    shown.loc[_small(rankings["n"], rankings["events"]), ["c_statistic", "c_lower", "c_upper"]] = pd.NA
    return shown


def _small(n: pd.Series, events: pd.Series) -> pd.Series:
    return (n < FEWEST_PEOPLE) | (events < FEWEST_EVENTS) | (n - events < FEWEST_EVENTS)


def _emptied(metrics: pd.DataFrame, small: pd.Series, columns: list[str]) -> pd.DataFrame:
    """Without the ``small`` ones' figures, and those of the group that would give the only one away."""
    shown = metrics.copy()
    shown.loc[small | _next_smallest(metrics, small), columns] = pd.NA
    return shown


def _next_smallest(metrics: pd.DataFrame, small: pd.Series) -> pd.Series:
    """The smallest group left of every kind of which only one is hidden."""
    split = metrics["group_type"] != OVERALL[0]
    alone = small.groupby([metrics[name] for name in _KIND]).transform("sum") == 1
    left = metrics["n"].where(split & alone & ~small)
    smallest = left.groupby([metrics[name] for name in _KIND]).transform("min")
    return (left == smallest).fillna(False).astype(bool)
