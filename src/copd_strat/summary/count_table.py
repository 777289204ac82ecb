"""True counts of one period as arrays: organisations by indicator by group, a level of the tree each.

A level's array has the shape (organisations, indicators, groups). The first group is everybody; practices
have that group only. A practice or network that changed hands inside a window stands once under each parent,
so that every level adds up to the next.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache

import numpy as np
import pandas as pd

from copd_strat.summary.cube import LEVELS, breakdowns
from copd_strat.summary.small_numbers import Bools, Ints

CELL_KEY = ["indicator_id", "org_level", "org_code", "breakdown_type", "breakdown_value"]


@cache
def groups() -> tuple[tuple[str, str], ...]:
    """(breakdown, value) of each group, everybody first."""
    rows = breakdowns()
    found = list(zip(rows["breakdown_type"], rows["breakdown_value"], strict=True))
    return (("all", "all"), *(group for group in found if group[0] != "all"))


@cache
def group_slices() -> tuple[slice, ...]:
    """Where each breakdown's values stand among the groups."""
    kinds = [kind for kind, _ in groups()]
    starts = [at for at, kind in enumerate(kinds) if at and kind != kinds[at - 1]]
    return tuple(slice(start, end) for start, end in zip(starts, [*starts[1:], len(kinds)], strict=True))


@dataclass(frozen=True)
class CountTable:
    """Counts of ``names`` in one period. ``codes`` and ``parents`` (rows of the next level) by level."""

    names: tuple[str, ...]
    codes: tuple[tuple[str, ...], ...]
    parents: tuple[Ints, ...]
    counts: tuple[Ints, ...]

    def moved(self, level: int) -> Bools:
        """Organisations of a level that stand under more than one parent."""
        codes = pd.Series(self.codes[level], dtype="object")
        found: Bools = codes.duplicated(keep=False).to_numpy(dtype=bool)
        return found

    def children_sum(self, level: int, values: Ints) -> Ints:
        """``values`` of a level summed into the next, in everybody's group only where that is all they have."""
        above = np.zeros((len(self.codes[level + 1]), *values.shape[1:]), dtype=values.dtype)
        np.add.at(above, self.parents[level], values)
        return above

    def only(self, names: Sequence[str]) -> CountTable:
        """The same places with the counts of ``names`` alone."""
        at = [self.names.index(name) for name in names]
        return CountTable(tuple(names), self.codes, self.parents, tuple(n[:, at] for n in self.counts))

    def indicator(self, name: str) -> int | None:
        return self.names.index(name) if name in self.names else None


def count_table(
    finest: pd.DataFrame,
    membership: pd.DataFrame,
    months: Sequence[date],
    names: Sequence[str],
    people: str,
    at_end: Sequence[str] = (),
) -> CountTable:
    """The counts of ``names`` in ``months`` together.

    ``finest``: month, CELL_KEY and ``n`` of practice totals and network breakdowns, of these months only;
    ``membership``: month, practice and the organisations above it. Practices without anybody counted in
    ``people`` are left out.
    Those of ``names`` that are ``at_end`` count people on the last day: of the last month, not of all together.
    """
    places = membership[membership["month"].isin(months)]
    own = finest[(finest["indicator_id"] == people) & (finest["org_level"] == "practice")]
    places = places.merge(
        own[["month", "org_code"]], left_on=["month", "practice"], right_on=["month", "org_code"]
    )
    earlier = finest["indicator_id"].isin(at_end) & (finest["month"] != max(months))
    finest = finest[finest["indicator_id"].isin(names) & ~earlier]
    nodes = [places[list(LEVELS[at:])].drop_duplicates().sort_values(list(LEVELS[at:])) for at in range(4)]
    rows = [pd.MultiIndex.from_frame(frame) for frame in nodes]
    parents = [
        rows[at + 1].get_indexer(pd.MultiIndex.from_frame(nodes[at][list(LEVELS[at + 1 :])])).astype(np.int64)
        for at in range(3)
    ]
    counts = [np.zeros((len(nodes[0]), len(names), 1), dtype=np.int64)]
    counts += [np.zeros((len(frame), len(names), len(groups())), dtype=np.int64) for frame in nodes[1:]]
    for at in (0, 1):
        _add(counts[at], finest, places, rows[at], names, at)
    np.add.at(counts[1][:, :, 0], parents[0], counts[0][:, :, 0])
    for at in (1, 2):
        np.add.at(counts[at + 1], parents[at], counts[at])
    return CountTable(
        names=tuple(names),
        codes=tuple(tuple(frame.iloc[:, 0]) for frame in nodes),
        parents=tuple(parents),
        counts=tuple(counts),
    )


def _add(
    counts: Ints,
    finest: pd.DataFrame,
    places: pd.DataFrame,
    nodes: pd.MultiIndex,
    names: Sequence[str],
    at: int,
) -> None:
    """Add the finest counts of a level (0 practices, 1 networks) into its array."""
    level = LEVELS[at]
    above = places.drop_duplicates(["month", level])[["month", *LEVELS[at:]]]
    found = finest[finest["org_level"] == level].merge(
        above, left_on=["month", "org_code"], right_on=["month", level]
    )
    group_at = {group: place for place, group in enumerate(groups())}
    keys = zip(found["breakdown_type"], found["breakdown_value"], strict=True)
    group = np.array([group_at[key] for key in keys], dtype=np.int64)
    node = nodes.get_indexer(pd.MultiIndex.from_frame(found[list(LEVELS[at:])]))
    indicator = pd.Index(names).get_indexer(pd.Index(found["indicator_id"]))
    np.add.at(counts, (node, indicator, group), found["n"].to_numpy(dtype=np.int64))
