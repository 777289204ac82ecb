"""The disclosure audit: can any hidden count be worked out from everything that is published?

The reader of the published tables is taken to know the rules and that parts add up to totals before
rounding. Every published cell then bounds a sum of the finest true counts. A hidden count is safe if
two tables of whole numbers fit all bounds and differ in it. The true table is one; others are looked
for by integer linear programmes (HiGHS) that push all unproven counts at once. What cannot be proven
safe is treated as exposed: stricter than bounds by linear programming alone (docs/decisions.md §24),
which may pass a count that whole numbers give away. The two tables are checked in exact arithmetic,
so a pass is a proof for such a reader; it says nothing about a reader who knows individual people.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp

from copd_strat.summary.small_numbers import Bools, Floats, Ints

#: Finest counts that are searched together.
GROUP = 400
#: Groupings in a row that must bring nothing new before the search ends, with many or with few unproven.
GROUPINGS_FOR_MANY, GROUPINGS_FOR_FEW = 2, 4
#: Programmes in a turn; a turn without a new finding ends the search.
PUSHES = 4
#: Times that bounds are carried from sums to their parts: they rarely tighten any more after six.
PASSES = 10
SEED = 20180901
#: While many counts are unproven any fitting table will do; for the last ones only the best one. Effort is
#: limited by the solver's nodes, not by a clock, so that runs repeat exactly.
MANY, ROUGHLY, EXACTLY, NODE_LIMIT = 20, 0.3, 0.0, 200


@dataclass(frozen=True)
class System:
    """What a reader knows of one group of linked indicators in one month.

    ``cells`` (cells x finest) turns finest counts into cells; ``lower`` and ``upper`` bound each cell;
    ``rules`` (rows x finest) lie between ``rules_lower`` and 0. ``hidden`` marks what must stay unknown.
    ``area`` numbers the PCN of each finest count.
    """

    cells: sparse.csr_array
    lower: Ints
    upper: Ints
    rules: sparse.csr_array
    rules_lower: Floats
    hidden: Bools
    area: Ints

    def restricted(self, variables: Ints, base: Ints) -> tuple[System, Ints]:
        """The system of ``variables`` alone, the other finest counts as in ``base``; and its cells."""
        others = base.copy()
        others[variables] = 0
        rows = np.flatnonzero(np.diff(self.cells[:, variables].indptr))
        rules = np.flatnonzero(np.diff(self.rules[:, variables].indptr))
        fixed, fixed_rules = (self.cells @ others)[rows], (self.rules @ others)[rules]
        part = System(
            cells=self.cells[rows][:, variables],
            lower=self.lower[rows] - fixed,
            upper=self.upper[rows] - fixed,
            rules=self.rules[rules][:, variables],
            rules_lower=self.rules_lower[rules] - fixed_rules,
            hidden=self.hidden[rows],
            area=self.area[variables],
        )
        return part, rows

    def fits(self, finest: Ints) -> bool:
        """Whether a table of whole numbers agrees with everything published."""
        counts, sums = self.cells @ finest, self.rules @ finest
        inside = (counts >= self.lower) & (counts <= self.upper)
        return bool(inside.all() and (sums <= 0).all() and (sums >= self.rules_lower).all())

    def table(self, push: Floats) -> Ints | None:
        """A table with the cells' sum, weighted by ``push``, large; None if none was found."""
        gap = ROUGHLY if np.count_nonzero(push) > MANY else EXACTLY
        found = milp(
            -(self.cells.T @ push),
            constraints=LinearConstraint(*self._published),
            integrality=np.ones(self.cells.shape[1], dtype=np.int64),
            bounds=Bounds(0, np.inf),
            options={"mip_rel_gap": gap, "node_limit": NODE_LIMIT},
        )
        return None if found.x is None else np.rint(found.x).astype(np.int64)

    def same_in_all_tables(self) -> Bools:
        """Mask over cells: those that provably count the same in every table that fits.

        What a sum's bounds and its other parts leave for each part (all weights are 1 or -1), again and
        again. Sufficient, not necessary: a cell outside the mask may be the same in all tables too.
        """
        sums, lower, upper = self._published
        row, part, weight = sparse.find(sums)
        plus = weight > 0
        # each finest count is a cell itself, so none is above the highest bound of a cell
        least = np.zeros(self.cells.shape[1])
        most = np.full(self.cells.shape[1], float(self.upper.max(initial=0)))
        for _ in range(PASSES):
            before = least.sum(), most.sum()
            low, high = np.where(plus, least[part], -most[part]), np.where(plus, most[part], -least[part])
            low_left = lower[row] - (np.bincount(row, high, len(lower))[row] - high)
            high_left = upper[row] - (np.bincount(row, low, len(lower))[row] - low)
            np.maximum.at(least, part, np.where(plus, low_left, -high_left))
            np.minimum.at(most, part, np.where(plus, high_left, -low_left))
            if before == (least.sum(), most.sum()):
                break
        same: Bools = self.cells @ least == self.cells @ most
        return same

    @cached_property
    def _published(self) -> tuple[sparse.csc_array, Floats, Floats]:
        """Cells and rules as one: sums (rows x finest), their lower and their upper bounds."""
        return (
            sparse.vstack([self.cells, self.rules], format="csc"),
            np.concatenate([self.lower, self.rules_lower]),
            np.concatenate([self.upper, np.zeros(len(self.rules_lower))]),
        )


class Witnesses:
    """The smallest and largest count of each cell over all fitting tables seen so far.

    Hiding more only lets more tables fit, so what has been seen stays true from round to round.
    """

    def __init__(self) -> None:
        self.first: Ints | None = None
        self.last: Ints | None = None
        self._least: Ints | None = None
        self._most: Ints | None = None

    def add(self, system: System, finest: Ints | None) -> None:
        if finest is None or not system.fits(finest):
            return
        counts = system.cells @ finest
        self._least = counts if self._least is None else np.minimum(self._least, counts)
        self._most = counts if self._most is None else np.maximum(self._most, counts)
        self.first = finest if self.first is None else self.first
        self.last = finest

    def unproven(self, system: System) -> Bools:
        """Hidden cells for which no two tables differ yet."""
        if self._least is None or self._most is None:
            return system.hidden
        same: Bools = system.hidden & (self._least == self._most)
        return same


def exposed(system: System, seen: Witnesses) -> Bools:
    """Mask over cells: hidden counts for which no second value could be found.

    Areas are searched some at a time, grouped at random, with the others as in the first table or the
    one before, until several groupings bring nothing new.
    """
    if seen.first is None:
        seen.add(system, system.table(np.zeros(len(system.lower))))
    generator = np.random.default_rng(SEED)
    idle = 0
    while seen.first is not None and seen.last is not None:
        unproven = seen.unproven(system).sum()
        if not unproven or idle == (GROUPINGS_FOR_FEW if unproven <= MANY else GROUPINGS_FOR_MANY):
            break
        base = seen.last if idle % 2 else seen.first
        for variables in _groups_of_areas(system.area, generator):
            _search(system, seen, variables, base, generator)
        idle = idle + 1 if seen.unproven(system).sum() == unproven else 0
    return seen.unproven(system)


def _groups_of_areas(area: Ints, generator: np.random.Generator) -> list[Ints]:
    """Finest counts in groups of whole areas."""
    number = -(-len(area) // GROUP)
    areas = int(area.max()) + 1
    group = generator.permutation(areas) % number
    return [np.flatnonzero(group[area] == g) for g in range(number)]


def _search(
    system: System, seen: Witnesses, variables: Ints, base: Ints, generator: np.random.Generator
) -> None:
    """Look for other tables that differ from ``base`` in ``variables`` only.

    Every programme pushes all unproven counts at once that may differ: up, down, then each up or down at
    random, until a whole turn of pushes brings nothing new. Where there are none, one programme pushes all
    hidden counts at random: another last table for later searches to start from (without it more is hidden).
    """
    part, rows = system.restricted(variables, base)
    may_differ = ~part.same_in_all_tables()

    def see(push: Floats) -> None:
        found = part.table(push)
        if found is not None:
            table = base.copy()
            table[variables] = found
            seen.add(system, table)

    if not (seen.unproven(system)[rows] & may_differ).any():
        see(generator.choice([-1.0, 1.0], size=len(rows)) * part.hidden)
        return
    idle, turn = 0, 0
    while idle < PUSHES:
        unproven = seen.unproven(system)[rows] & may_differ
        if not unproven.any():
            return
        see(_push(unproven, turn, generator))
        idle = idle + 1 if (seen.unproven(system)[rows] & may_differ).sum() == unproven.sum() else 0
        turn += 1


def _push(unproven: Bools, turn: int, generator: np.random.Generator) -> Floats:
    if turn % PUSHES < 2:
        return np.where(unproven, 1.0 if turn % PUSHES == 0 else -1.0, 0.0)
    return np.where(unproven, generator.choice([-1.0, 1.0], size=len(unproven)), 0.0)


def finest_mask(cells: pd.DataFrame) -> Bools:
    """Cells that are not sums of others: practice totals, and PCN breakdowns."""
    broken_down = cells["breakdown_type"] != "all"
    finest = (cells["org_level"] == "practice") | ((cells["org_level"] == "pcn") & broken_down)
    return finest.to_numpy(dtype=bool)
