"""Proof without a solver: one person or event more here and one fewer there, and everything prints alike.

A hidden count is safe if a second table of whole numbers fits all that a reader knows and differs in it. The
true table fits. Another is made from it by an *exchange*: a swap in one place (a person counted in another
group, under another disposition, or once more) and, where that would change what is printed above, the
reverse swap in a sibling place. What no exchange reaches counts as exposed, so the proof fails closed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import permutations

import numpy as np
from scipy import sparse

from copd_strat.summary.count_table import CountTable, group_slices, groups
from copd_strat.summary.cube import COHORTS, DISPOSITIONS, indicators
from copd_strat.summary.small_numbers import Bools, Ints

#: A person who is counted once more is tried with the largest groups of each breakdown, in so many ways.
LIKELY_GROUPS, TURNS = 4, 3
#: Where that proves too little, people of places nearby are tried, at most so many of an indicator.
MOST_NEAR = 64

Cell = tuple[int, int]  # (indicator, group)
At = tuple[int, int, int, int]  # (level, organisation, indicator, group)


@dataclass(frozen=True)
class Swap:
    """One person's change in one place: cells that count one more, and cells that count one fewer."""

    more: tuple[Cell, ...]
    fewer: tuple[Cell, ...]

    @property
    def reverse(self) -> Swap:
        return Swap(self.fewer, self.more)

    @property
    def of_totals(self) -> bool:
        """Whether a practice's totals change, and not only the groups of its network."""
        return any(group == 0 for _, group in (*self.more, *self.fewer))


def _swaps_of(
    names: tuple[str, ...],
    pairs: tuple[Cell, ...],
    values: tuple[tuple[int, int], ...],
    likely: dict[int, list[tuple[int, ...]]],
) -> list[Swap]:
    """Every swap that keeps all sums inside a place: those of the dispositions, or of each indicator alone.

    ``pairs``: parts_of; ``values``: groups that people move between; ``likely``: people of each indicator.
    """
    at_name = {name: at for at, name in enumerate(names)}
    parts = [at_name[name] for name in map("disposition_{}".format, DISPOSITIONS) if name in at_name]
    placed = at_name.get(COHORTS["placed"])
    alone = [at for at in range(len(names)) if placed is None or at not in (placed, *parts)]
    found = [
        swap
        for at in alone
        for counted_in in with_wholes(pairs, at)
        # a part of a disposition takes everybody placed with it: else the dispositions would not add up
        for whole in [(placed,) if placed is not None and counted_in[-1] in parts else ()]
        for swap in _swaps_of_one((*counted_in, *whole), values, likely.get(at, []))
    ]
    if placed is not None:
        people = likely.get(placed, [])
        found += [swap for part in parts for swap in _swaps_of_one((placed, part), values, people)]
        found += [swap for pair in permutations(parts, 2) for swap in _swaps_of_two(*pair, values, people)]
    return list(dict.fromkeys(found))


def with_wholes(pairs: Sequence[Cell], indicator: int) -> list[tuple[int, ...]]:
    """An indicator alone, with what it is part of, with the whole of that too, and so on; ``pairs``: parts_of."""
    whole_of = dict(pairs)
    found: list[tuple[int, ...]] = [(indicator,)]
    while found[-1][-1] in whole_of:
        found.append((*found[-1], whole_of[found[-1][-1]]))
    return found


def _values() -> tuple[tuple[int, int], ...]:
    """Ordered pairs of groups of the same breakdown."""
    return tuple(pair for part in group_slices() for pair in permutations(range(part.start, part.stop), 2))


def _swaps_of_one(
    counted_in: tuple[int, ...], values: Sequence[tuple[int, int]], people: list[tuple[int, ...]]
) -> list[Swap]:
    """Somebody counted in another group, or counted once more or once less, in all of ``counted_in``."""
    found = [
        Swap(tuple((at, more) for at in counted_in), tuple((at, fewer) for at in counted_in))
        for more, fewer in values
    ]
    for person in people:
        cells = tuple((at, group) for at in counted_in for group in person)
        found += [Swap(cells, ()), Swap((), cells)]
    return found


def _swaps_of_two(
    one: int, other: int, values: Sequence[tuple[int, int]], people: list[tuple[int, ...]]
) -> list[Swap]:
    """Somebody moved from ``other`` to ``one``; two people of different groups exchanged between them."""
    moved = [
        Swap(tuple((one, group) for group in person), tuple((other, group) for group in person))
        for person in people
    ]
    exchanged = [
        Swap(((one, group), (other, second)), ((one, second), (other, group))) for group, second in values
    ]
    return moved + exchanged


def _likely(table: CountTable, indicator: int) -> list[tuple[int, ...]]:
    """Everybody's group with one group of each breakdown: the largest, the next largest, and mixtures."""
    sizes = table.counts[-1][:, indicator, :].sum(axis=0)
    order = [part.start + np.argsort(-sizes[part], kind="stable")[:LIKELY_GROUPS] for part in group_slices()]
    return [
        (0, *(int(kind[(rank + turn * at) % len(kind)]) for at, kind in enumerate(order)))
        for turn in range(TURNS)
        for rank in range(LIKELY_GROUPS)
    ]


def _near(table: CountTable, cells: Collection[At]) -> dict[int, list[tuple[int, ...]]]:
    """By indicator of ``cells``: people of the cell's own group, else of the largest ones, of each place there and
    beside it, up to the boards. Groups that are large in all places together may be empty in a sibling of few people.
    """
    found: dict[int, dict[tuple[int, ...], None]] = defaultdict(dict)
    for level, own, indicator, group in cells:
        for at, place in _beside(table, level, own):
            sizes = table.counts[at][place, indicator]
            if sizes[0]:
                found[indicator][_somebody(sizes, group)] = None
    return {indicator: list(people)[:MOST_NEAR] for indicator, people in found.items()}


def _somebody(sizes: Ints, group: int) -> tuple[int, ...]:
    """Everybody's group, ``group``, and the largest of each other breakdown."""
    own = (
        group if part.start <= group < part.stop else part.start + int(np.argmax(sizes[part]))
        for part in group_slices()
    )
    return (0, *own)


def _beside(table: CountTable, level: int, own: int) -> Iterator[tuple[int, int]]:
    """A place and its siblings, its parent and the siblings of that, up to the boards; of practices the network."""
    for at in range(level, 4):
        above = table.parents[at] if at < 3 else np.zeros(len(table.codes[3]), dtype=np.int64)
        if at:
            yield from ((at, int(place)) for place in np.flatnonzero(above == above[own]))
        own = int(above[own])


@dataclass(frozen=True)
class Slack:
    """By level: which cells print alike with one more (``up``) and with one fewer (``down``).

    ``room``: cells that count fewer than what they are part of.
    """

    up: list[Bools]
    down: list[Bools]
    room: list[Bools]

    def and_also(self, other: Slack) -> Slack:
        """Cells that have slack in both."""
        sides = ((self.up, other.up), (self.down, other.down), (self.room, other.room))
        return Slack(*([one & two for one, two in zip(*side, strict=True)] for side in sides))


def slack_of(table: CountTable, bounds: list[tuple[Ints, Ints]]) -> Slack:
    """Slack of each cell by what a reader knows of it, and its room in what it is part of."""
    counts = table.counts
    up = [n + 1 <= high for n, (_, high) in zip(counts, bounds, strict=True)]
    down = [n - 1 >= low for n, (low, _) in zip(counts, bounds, strict=True)]
    room = [np.ones(n.shape, dtype=bool) for n in counts]
    for part, whole in parts_of(table):
        for level, n in enumerate(counts):
            room[level][:, part] = n[:, part] < n[:, whole]
    return Slack(up, down, room)


def parts_of(table: CountTable) -> list[Cell]:
    """(part, whole) where the whole is in the table and is in fact no smaller anywhere.

    The dispositions are left to their sum. What is false of the true counts cannot help a reader.
    """
    declared = indicators()
    found = []
    for at, name in enumerate(table.names):
        whole = table.indicator(str(declared.loc[name, "part_of"]))
        summed = name in {f"disposition_{d}" for d in DISPOSITIONS}
        if whole is not None and not summed and all((n[:, at] <= n[:, whole]).all() for n in table.counts):
            found.append((at, whole))
    return found


@dataclass(frozen=True)
class _Swaps:
    """Swaps as arrays: the place of each one's reverse, whether totals change, and cells by number of groups.

    ``cells``: (swaps, cells) of those that count one more, one fewer, and that must have room.
    """

    reverse: Ints
    of_totals: Bools
    cells: dict[int, tuple[Ints, ...]]

    def and_also(self, other: _Swaps) -> _Swaps:
        """All swaps of both; none is in both."""
        cells = {
            width: tuple(_stacked(*sides) for sides in zip(own, other.cells[width], strict=True))
            for width, own in self.cells.items()
        }
        reverse = np.concatenate([self.reverse, other.reverse + len(self.reverse)])
        return _Swaps(reverse, np.concatenate([self.of_totals, other.of_totals]), cells)


def _stacked(one: Ints, other: Ints) -> Ints:
    """Rows of both; the shorter ones repeat their last cell."""
    width = max(one.shape[1], other.shape[1])
    return np.concatenate(
        [np.pad(side, ((0, 0), (0, width - side.shape[1])), "edge") for side in (one, other)]
    )


def _as_arrays(swaps: list[Swap], names: int, parts: Sequence[Cell]) -> _Swaps:
    at = {swap: place for place, swap in enumerate(swaps)}
    sides = (
        [swap.more for swap in swaps],
        [swap.fewer for swap in swaps],
        [_crowded(swap, parts) for swap in swaps],
    )
    return _Swaps(
        reverse=np.array([at[swap.reverse] for swap in swaps], dtype=np.int64),
        of_totals=np.array([swap.of_totals for swap in swaps], dtype=bool),
        cells={width: tuple(_indices(side, names, width) for side in sides) for width in (1, len(groups()))},
    )


@cache
def _between_groups(names: tuple[str, ...], parts: tuple[Cell, ...]) -> _Swaps:
    """People who move between groups: the same swaps for every period with the same indicators."""
    return _as_arrays(_swaps_of(names, parts, _values(), {}), len(names), parts)


class Exchanges:
    """All exchanges of a table's swaps, made ready once."""

    def __init__(self, table: CountTable, *, broken_down: bool, near: Collection[At] = ()) -> None:
        """``broken_down``: whether any breakdown is published; else swaps between groups change nothing.

        ``near``: cells for which people of the groups of places beside them are tried as well.
        """
        self._table = table
        parts = tuple(parts_of(table))
        more = _near(table, near)
        likely = {at: [*_likely(table, at), *more.get(at, ())] for at in range(len(table.names))}
        swaps = _as_arrays(_swaps_of(table.names, parts, (), likely), len(table.names), parts)
        if broken_down:
            swaps = swaps.and_also(_between_groups(table.names, parts))
        self._reverse, self._of_totals, self._cells = swaps.reverse, swaps.of_totals, swaps.cells

    def changeable(self, slack: Slack) -> list[Bools]:
        """By level: cells in which another table, that prints alike, differs from the true one."""
        fits = [self._fits(slack, level) for level in range(4)]
        reached = _reached(self._table, fits, self._of_totals)
        ended = _ended(self._table, fits, reached, self._reverse)
        return [self._touched(reached[level] & ended[level], level) for level in range(4)]

    def _fits(self, slack: Slack, level: int) -> Bools:
        """(organisations, swaps): whether a place itself prints alike after a swap."""
        found = np.ones((len(slack.up[level]), len(self._of_totals)), dtype=bool)
        sides = (slack.up[level], slack.down[level], slack.room[level])
        for cells, wanted in zip(sides, self._cells[slack.up[level].shape[2]], strict=True):
            none = np.ones((len(cells), 1), dtype=bool)
            flat = np.concatenate([cells.reshape(len(cells), -1), none], axis=1)
            for column in wanted.T:
                found &= flat[:, column]
        return found & self._of_totals if level == 0 else found

    def _touched(self, made: Bools, level: int) -> Bools:
        """Cells of the swaps that are made in each place."""
        shape = self._table.counts[level].shape
        more, fewer, _ = self._cells[shape[2]]
        cells = np.concatenate([more, fewer], axis=1)
        swaps = np.repeat(np.arange(len(cells)), cells.shape[1])
        member = sparse.csr_array(
            (np.ones(cells.size, dtype=np.int32), (cells.ravel(), swaps)),
            shape=(shape[1] * shape[2] + 1, len(cells)),
        )
        found: Bools = (member @ made.T.astype(np.int32))[:-1].T.reshape(shape) > 0
        return found


def _crowded(swap: Swap, parts: Sequence[Cell]) -> tuple[Cell, ...]:
    """Cells of a swap that come nearer to what they are part of: these must have room."""

    def change(indicator: int, group: int) -> int:
        return swap.more.count((indicator, group)) - swap.fewer.count((indicator, group))

    touched = {*swap.more, *swap.fewer}
    wanted = {
        (part, group)
        for part, whole in parts
        for indicator, group in touched
        if indicator in (part, whole) and change(part, group) > change(whole, group)
    }
    return tuple(sorted(wanted))


def _indices(sides: list[tuple[Cell, ...]], indicators_: int, width: int) -> Ints:
    """(swaps, cells) places in the flat array of a level with ``width`` groups; the last stands for none."""
    longest = max((len(cells) for cells in sides), default=1) or 1
    places = np.full((len(sides), longest), indicators_ * width, dtype=np.int64)
    for row, cells in enumerate(sides):
        kept = [indicator * width + group for indicator, group in cells if group < width]
        places[row, : len(kept)] = kept
    return places


def _reached(table: CountTable, fits: list[Bools], of_totals: Bools) -> list[Bools]:
    """Where a swap can be made somewhere below a place without changing what is printed up to it."""
    reached = [fits[0]]
    for level in range(1, 4):
        below = table.children_sum(level - 1, reached[-1].astype(np.int64)) > 0
        begins = ~of_totals if level == 1 else np.zeros_like(of_totals)
        reached.append(fits[level] & (below | begins))
    return reached


def _ended(table: CountTable, fits: list[Bools], reached: list[Bools], reverse: Ints) -> list[Bools]:
    """Where a swap below a place leaves all above as printed: by itself, or with its reverse in a sibling."""
    ended = [np.ones_like(fits[3])]
    for level in (2, 1, 0):
        parent = table.parents[level]
        both = table.children_sum(level, reached[level].astype(np.int64))[parent] - reached[level]
        sibling = both[:, reverse] > 0
        ended.insert(0, sibling | (fits[level + 1] & ended[0])[parent])
    return ended
