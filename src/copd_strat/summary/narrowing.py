"""How far sums narrow a hidden count: bounds carried from sums to their parts and back.

Bounds are what every reader can work out. They may stay wider than whole numbers allow, so they prove that a
count is exposed and never that it is safe: that is the business of ``exchanges``.
"""

from __future__ import annotations

import numpy as np

from copd_strat.summary.count_table import CountTable, group_slices
from copd_strat.summary.cube import COHORTS, DISPOSITIONS
from copd_strat.summary.small_numbers import Bools, Ints

#: Times that bounds are carried up and down: they rarely tighten any more after four.
PASSES = 6
#: A hidden count with this many possible values or fewer is called narrowed.
FEW_VALUES = 3

Bounds = list[tuple[Ints, Ints]]


def narrowed_bounds(table: CountTable, bounds: Bounds) -> Bounds:
    """``bounds`` (least, greatest; by level) after all sums have been taken into account."""
    low, high = [one.copy() for one, _ in bounds], [two.copy() for _, two in bounds]
    for _ in range(PASSES):
        before = [one.sum() for one in (*low, *high)]
        for level in range(3):
            _along_tree(table, level, low, high)
        for level in range(1, 4):
            _across_groups(low[level], high[level])
        _across_dispositions(table, low, high)
        if before == [one.sum() for one in (*low, *high)]:
            break
    return list(zip(low, high, strict=True))


def few_values(bounds: tuple[Ints, Ints]) -> Bools:
    """Which cells have FEW_VALUES possible values or fewer."""
    found: Bools = bounds[1] - bounds[0] < FEW_VALUES
    return found


def _along_tree(table: CountTable, level: int, low: list[Ints], high: list[Ints]) -> None:
    """A level's cells and their sums in the next."""
    above, parent = level + 1, table.parents[level]
    groups = slice(0, low[level].shape[2])
    sums = table.children_sum(level, low[level]), table.children_sum(level, high[level])
    low[above][:, :, groups] = np.maximum(low[above][:, :, groups], sums[0])
    high[above][:, :, groups] = np.minimum(high[above][:, :, groups], sums[1])
    rest_high, rest_low = sums[1][parent] - high[level], sums[0][parent] - low[level]
    low[level], high[level] = (
        np.maximum(low[level], low[above][:, :, groups][parent] - rest_high),
        np.minimum(high[level], high[above][:, :, groups][parent] - rest_low),
    )


def _across_groups(low: Ints, high: Ints) -> None:
    """Each breakdown's values and their total."""
    for part in group_slices():
        _parts_and_whole(low[:, :, part], high[:, :, part], low[:, :, 0], high[:, :, 0], axis=2)


def _across_dispositions(table: CountTable, low: list[Ints], high: list[Ints]) -> None:
    """The dispositions and everybody placed."""
    placed = table.indicator(COHORTS["placed"])
    if placed is None:
        return
    parts = np.array([table.names.index(f"disposition_{name}") for name in DISPOSITIONS])
    for least, most in zip(low, high, strict=True):
        below, above = least[:, parts], most[:, parts]
        _parts_and_whole(below, above, least[:, placed], most[:, placed], axis=1)
        least[:, parts], most[:, parts] = below, above


def _parts_and_whole(low: Ints, high: Ints, low_whole: Ints, high_whole: Ints, *, axis: int) -> None:
    """Tighten parts and their whole in place."""
    least, most = low.sum(axis=axis), high.sum(axis=axis)
    low_whole[...] = np.maximum(low_whole, least)
    high_whole[...] = np.minimum(high_whole, most)
    rest_high = np.expand_dims(most, axis) - high
    rest_low = np.expand_dims(least, axis) - low
    low[...] = np.maximum(low, np.expand_dims(low_whole, axis) - rest_high)
    high[...] = np.minimum(high, np.expand_dims(high_whole, axis) - rest_low)
