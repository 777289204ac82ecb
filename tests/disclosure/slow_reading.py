"""The proof and the bounds read slowly: cell by cell, sum by sum, on a table small enough for that.

Written apart from the program and after its definitions: what an exchange is, which people are tried, and that
bounds are carried through every sum until none tightens any more.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations

import numpy as np

from copd_strat.summary.count_table import CountTable, group_slices, groups
from copd_strat.summary.cube import DISPOSITIONS, indicators
from copd_strat.summary.small_numbers import Bools, Ints

Node = tuple[int, int]  # level, organisation
Change = dict[tuple[int, int], int]  # (indicator, group): one more or one fewer
Bounds = list[tuple[Ints, Ints]]
PLENTY = 10**9
#: Five practices in three networks, these in two sub-ICB locations of one board.
PARENTS = ([0, 0, 1, 1, 2], [0, 0, 1], [0, 0])
PLACED = ("people_placed", *(f"disposition_{name}" for name in DISPOSITIONS))


def small_table(names: tuple[str, ...], seed: int, most: int = 9, boards: int = 1) -> CountTable:
    """At most ``most`` events a practice; those of a later name are some of an earlier one's, or dispositions.

    Of two ``boards`` each has a sub-ICB location.
    """
    above = (*PARENTS[:2], [board % boards for board in range(2)])
    random = np.random.default_rng(seed)
    counts = [np.zeros((5, len(names), 1), dtype=np.int64)]
    counts += [np.zeros((size, len(names), len(groups())), dtype=np.int64) for size in (3, 2, boards)]
    for practice in range(5):
        for _ in range(random.integers(0, most + 1)):
            own = [
                0,
                *(random.integers(part.start, min(part.stop, part.start + 3)) for part in group_slices()),
            ]
            deepest = int(random.integers(0, len(names)))
            of = [0, max(deepest, 1)] if names[0] == PLACED[0] else list(range(deepest + 1))
            if of == [0, 5]:  # places are taken in the clinic
                of = [0, 1, 5]
            node = practice
            for level in range(4):
                for indicator in of:
                    counts[level][node, indicator, own if level else [0]] += 1
                node = above[level][node] if level < 3 else node
    codes = tuple(
        tuple(f"{level}{n}" for n in range(size))
        for level, size in zip("PNSI", (5, 3, 2, boards), strict=True)
    )
    return CountTable(names, codes, tuple(np.array(line) for line in above), tuple(counts))


def random_bounds(table: CountTable, seed: int, kinds: int = 4) -> Bounds:
    """What a reader might know of each cell: itself, its rounding, that it is small, or (more ``kinds``) nothing."""
    random = np.random.default_rng(seed)
    found = []
    for n in table.counts:
        kind = random.integers(0, kinds, n.shape)
        low = np.select([kind == 0, kind == 1, (kind == 2) & (n > 0)], [n, np.maximum(n - 2, 0), 1], 0)
        high = np.select([kind == 0, kind == 1, (kind == 2) & (n < 8)], [n, n + 2, 7], PLENTY)
        found.append((low.astype(np.int64), high.astype(np.int64)))
    return found


# --- exchanges ---


def changeable(
    table: CountTable, bounds: Bounds, *, broken_down: bool
) -> tuple[list[Bools], list[CountTable]]:
    """By level: cells that an exchange changes; and every other table that one of the exchanges makes."""
    found = [np.zeros(n.shape, dtype=bool) for n in table.counts]
    others = []
    for change in _changes(table, broken_down=broken_down):
        back = {cell: -one for cell, one in change.items()}
        ways, ways_back = list(_paths(table, bounds, change)), list(_paths(table, bounds, back))
        for path in ways:
            ends: list[list[Node]] = [[]] if path[-1][0] == 3 else []
            ends += [other for other in ways_back if _siblings(table, path[-1], other[-1])]
            if ends:
                others.append(_changed(table, change, path, back, ends[0]))
            for level, node in path if ends else ():
                for indicator, group in change:
                    if group < found[level].shape[2]:
                        found[level][node, indicator, group] = True
    return found, others


def _changes(table: CountTable, *, broken_down: bool) -> Iterator[Change]:
    names = table.names
    wholes = _wholes(table)
    moves = [pair for part in group_slices() for pair in permutations(range(part.start, part.stop), 2)]
    if not broken_down:
        moves = []
    for at, name in enumerate(names):
        chain = [at]
        chains = [] if name in PLACED else [[at]]
        while name not in PLACED and chain[-1] in wholes:
            chain = [*chain, wholes[chain[-1]]]
            chains.append(chain)
        if name in PLACED[1:]:
            chains = [[names.index("people_placed"), at]]
        if chain[-1] != at and names[chain[-1]] in PLACED[1:]:
            chains[-1] = [*chain, names.index("people_placed")]
        people = _people(table, names.index("people_placed") if name in PLACED else at)
        for own in chains:
            yield from ({(i, g): 1 for i in own} | {(i, h): -1 for i in own} for g, h in moves)
            for sign in (1, -1):
                yield from ({(i, g): sign for i in own for g in person} for person in people)
    for one, other in permutations([at for at, name in enumerate(names) if name in PLACED[1:]], 2):
        for person in _people(table, names.index("people_placed")):
            yield {(one, g): 1 for g in person} | {(other, g): -1 for g in person}
        yield from ({(one, g): 1, (other, h): 1, (one, h): -1, (other, g): -1} for g, h in moves)


def _wholes(table: CountTable) -> dict[int, int]:
    found = {}
    for at, name in enumerate(table.names):
        whole = str(indicators().loc[name, "part_of"])
        if whole in table.names and name not in PLACED:
            of = table.names.index(whole)
            if all((n[:, at] <= n[:, of]).all() for n in table.counts):
                found[at] = of
    return found


def _people(table: CountTable, indicator: int) -> list[tuple[int, ...]]:
    """Four ranks of the largest groups, and two ways to mix the ranks of the breakdowns."""
    sizes = table.counts[3][:, indicator].sum(axis=0)
    ranked = [
        sorted(range(part.start, part.stop), key=lambda g: (-sizes[g], g))[:4] for part in group_slices()
    ]
    return [
        (0, *(kind[(rank + turn * at) % len(kind)] for at, kind in enumerate(ranked)))
        for turn in range(3)
        for rank in range(4)
    ]


def _paths(table: CountTable, bounds: Bounds, change: Change) -> Iterator[list[Node]]:
    """From where a change begins as far up as every place on the way prints alike; each part of the way too."""
    begins = 0 if any(group == 0 for _, group in change) else 1
    for base in range(len(table.codes[begins])):
        path = [(begins, base)]
        while _fits(table, bounds, path[-1], change):
            yield list(path)
            level, node = path[-1]
            if level == 3:
                break
            path.append((level + 1, int(table.parents[level][node])))


def _fits(table: CountTable, bounds: Bounds, node: Node, change: Change) -> bool:
    level, own = node
    n, (low, high) = table.counts[level][own], (side[own] for side in bounds[level])
    here = {cell: one for cell, one in change.items() if cell[1] < n.shape[1]}
    if any(not max(low[cell], 0) <= n[cell] + one <= high[cell] for cell, one in here.items()):
        return False
    return all(
        n[part, g] + here.get((part, g), 0) <= n[whole, g] + here.get((whole, g), 0)
        for part, whole in _wholes(table).items()
        for g in {group for _, group in here}
    )


def _siblings(table: CountTable, one: Node, other: Node) -> bool:
    same_level = one[0] == other[0] < 3 and one != other
    return same_level and bool(table.parents[one[0]][one[1]] == table.parents[one[0]][other[1]])


def _changed(
    table: CountTable, change: Change, path: list[Node], back: Change, path_back: list[Node]
) -> CountTable:
    counts = tuple(n.copy() for n in table.counts)
    for way, made in ((path, change), (path_back, back)):
        for level, node in way:
            for (indicator, group), one in made.items():
                if group < counts[level].shape[2]:
                    counts[level][node, indicator, group] += one
    return CountTable(table.names, table.codes, table.parents, counts)


def sums_of(table: CountTable) -> Iterator[tuple[tuple[int, ...], list[tuple[int, ...]]]]:
    """(whole, parts) of every sum that holds in a table; cells as (level, organisation, indicator, group)."""
    for level, n in enumerate(table.counts):
        for own, indicator, group in np.ndindex(*n.shape):
            below = [child for child, p in enumerate(table.parents[level - 1]) if p == own] if level else []
            if level and group < table.counts[level - 1].shape[2]:
                yield (level, own, indicator, group), [(level - 1, c, indicator, group) for c in below]
            if table.names[indicator] == "people_placed":
                parts = [table.names.index(name) for name in PLACED[1:]]
                yield (level, own, indicator, group), [(level, own, part, group) for part in parts]
            if level and not group:
                for part in group_slices():
                    cells = [(level, own, indicator, g) for g in range(part.start, part.stop)]
                    yield (level, own, indicator, 0), cells


def prints_alike(table: CountTable, bounds: Bounds) -> bool:
    """Whether a table is possible, and fits all that a reader knows."""
    inside = all(
        ((low <= n) & (n <= high) & (n >= 0)).all()
        for n, (low, high) in zip(table.counts, bounds, strict=True)
    )
    n = {
        cell: int(table.counts[cell[0]][cell[1:]])
        for whole, parts in sums_of(table)
        for cell in (whole, *parts)
    }
    return inside and all(n[whole] == sum(n[part] for part in parts) for whole, parts in sums_of(table))


# --- bounds ---


def narrowed(table: CountTable, bounds: Bounds) -> Bounds:
    """Bounds carried through every sum until none tightens any more."""
    low, high = ([side[at].copy() for side in bounds] for at in (0, 1))
    sums = list(sums_of(table))
    before = None
    while before != (before := [array.tobytes() for array in (*low, *high)]):
        for whole, parts in sums:
            _tighten(low, high, whole, parts)
    return list(zip(low, high, strict=True))


def _tighten(low: list[Ints], high: list[Ints], whole: tuple[int, ...], parts: list[tuple[int, ...]]) -> None:
    def raise_low(cell: tuple[int, ...], to: int) -> None:
        low[cell[0]][cell[1:]] = max(low[cell[0]][cell[1:]], to)

    def cut_high(cell: tuple[int, ...], to: int) -> None:
        high[cell[0]][cell[1:]] = min(high[cell[0]][cell[1:]], to)

    least, most = ([int(side[p[0]][p[1:]]) for p in parts] for side in (low, high))
    raise_low(whole, sum(least))
    cut_high(whole, sum(most))
    for at, part in enumerate(parts):
        raise_low(part, int(low[whole[0]][whole[1:]]) - (sum(most) - most[at]))
        cut_high(part, int(high[whole[0]][whole[1:]]) - (sum(least) - least[at]))
