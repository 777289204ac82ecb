"""What is hidden by construction, before anything is proved. Each control stands once, here.

A cell is *published* in a period, or *known* (its total follows from shorter periods, so the reader is taken
to know it exactly), or neither: then the reader knows nothing of it. Totals of stocks are taken to be known
exactly wherever they are shown: months of an almost constant number add up to that.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, auto

import numpy as np

from copd_strat.summary.count_table import CountTable
from copd_strat.summary.cube import LEVELS, indicators
from copd_strat.summary.periods import MONTHS, PeriodType
from copd_strat.summary.small_numbers import (
    SMALLEST_SHOWN,
    Bools,
    Ints,
    SmallNumberRule,
    bounds_of_shown,
    bounds_of_small,
    is_protected,
    is_small,
    rounded,
)

#: No breakdown of a total below this (docs/disclosure.md: the smallest number at which nothing was exposed).
SMALLEST_BROKEN_DOWN = 30
#: A stock's total is shown from here: one that falls out of sight then says 12 or 13, which need not be hidden.
#: A zero beside a hidden month would say 1, and a 10 would say 7: nine in ten do not move in a month.
SMALLEST_STOCK = 13
#: Above every count: a cell without an upper bound.
BOUNDLESS = 10**9


class Reason(IntEnum):
    """Why a cell is hidden. Readers see one status for all."""

    SHOWN = 0
    SMALL = auto()
    SMALL_STOCK = auto()
    SMALL_TOTAL = auto()
    FEW_PEOPLE = auto()
    SHORTER_PERIOD = auto()
    CAPACITY = auto()
    COVER = auto()
    NETWORK = auto()
    REVISION = auto()


#: Reasons that hide all of a breakdown or a place, so that a cell of them says nothing of its own size.
_WITHHELD = (Reason.SMALL_TOTAL, Reason.FEW_PEOPLE, Reason.SHORTER_PERIOD, Reason.NETWORK, Reason.REVISION)


@dataclass
class Guarded:
    """A table with the reason for which each of its cells is hidden; arrays by level, as its counts.

    ``published`` and ``known`` are as above; ``exact`` marks stocks' totals.
    """

    table: CountTable
    rule: SmallNumberRule
    published: list[Bools]
    known: list[Bools]
    exact: list[Bools]
    reason: list[Ints]
    kind: PeriodType

    def declared(self, level: int) -> Bools:
        """Which indicators have totals of a level in this period."""
        found: Bools = (indicators().loc[list(self.table.names), LEVELS[level]] == self.kind).to_numpy()
        return found

    def bounds(self, level: int) -> tuple[Ints, Ints]:
        """Least and greatest count that a reader who can tell the reasons apart knows of each cell.

        A reader cannot in fact tell them apart, so what is proved is safer than it is taken to be.
        """
        n, reason, exact = self.table.counts[level], self.reason[level], self.exact[level]
        shown = bounds_of_shown(rounded(n))
        small = bounds_of_small(self.rule)
        kinds = [reason == Reason.SHOWN, reason == Reason.SMALL, reason == Reason.SMALL_STOCK]
        kinds.append(reason == Reason.COVER)
        low = np.select(
            kinds, [shown[0], np.full_like(n, small[0]), np.zeros_like(n), np.full_like(n, SMALLEST_SHOWN)], 0
        )
        high = np.select(
            kinds[:3], [shown[1], np.full_like(n, small[1]), np.full_like(n, SMALLEST_STOCK - 1)], BOUNDLESS
        )
        low, high = _with_breakdown_rule(self, level, low, high)
        given = self.known[level] | (exact & (reason == Reason.SHOWN) & self.published[level])
        free = ~self.published[level] & ~self.known[level]
        low, high = np.where(given, n, low), np.where(given, n, high)
        return np.where(free, 0, low), np.where(free, BOUNDLESS, high)

    def hidden(self, level: int) -> Bools:
        found: Bools = self.published[level] & (self.reason[level] != Reason.SHOWN)
        return found

    def protected(self, level: int) -> Bools:
        """Hidden cells that nobody may work out: 1 to 7, and stocks that are not shown, whatever they count.

        A stock that could be worked out in the months in which it is 0 or 10 would say what it is next month.
        Those of organisations that moved within a window are among them.
        """
        stock = self.published[level] & (self.reason[level] == Reason.SMALL_STOCK)
        here = np.any([cells.any(axis=(0, 2)) for cells in self.published], axis=0)
        moved = self.table.moved(level)[:, None, None] & ~self.known[level] & here[:, None]
        found: Bools = ((self.hidden(level) | moved) & is_protected(self.table.counts[level])) | stock
        return found

    def hide(self, level: int, cells: Bools, reason: Reason) -> None:
        """Hide those of ``cells`` that are published and still shown."""
        self.reason[level] = np.where(
            cells & self.published[level] & (self.reason[level] == Reason.SHOWN), reason, self.reason[level]
        )

    def withhold(self, level: int, cells: Bools, reason: Reason) -> None:
        """Hide ``cells`` whatever they hold: all of a breakdown or place, so that none of them says anything."""
        self.reason[level] = np.where(cells & self.published[level], reason, self.reason[level])


def _with_breakdown_rule(guarded: Guarded, level: int, low: Ints, high: Ints) -> tuple[Ints, Ints]:
    """Whether a total is broken down says on which side of the limit it lies."""
    if not level:
        return low, high
    groups, reason = guarded.published[level][:, :, 1:], guarded.reason[level][:, :, 1:]
    few = (groups & (reason == Reason.SMALL_TOTAL)).any(axis=2)
    enough = (groups & ~np.isin(reason, _WITHHELD)).any(axis=2)
    low, high = low.copy(), high.copy()
    low[:, :, 0] = np.where(enough, np.maximum(low[:, :, 0], SMALLEST_BROKEN_DOWN), low[:, :, 0])
    high[:, :, 0] = np.where(few, np.minimum(high[:, :, 0], SMALLEST_BROKEN_DOWN - 1), high[:, :, 0])
    return low, high


def guarded(table: CountTable, kind: PeriodType, rule: SmallNumberRule, *, stock_breakdown: bool) -> Guarded:
    """``table`` with what is published of it in a period of ``kind``; nothing is hidden yet."""
    declared = indicators().loc[list(table.names)]
    published, known, exact = [], [], []
    broken = (declared["breakdown"] == kind) | (
        (declared["breakdown"] == "march") & (kind == "month") & stock_breakdown
    )
    stock = declared["stock"].to_numpy(dtype=bool)
    for level, counts in zip(LEVELS, table.counts, strict=True):
        here = np.zeros(counts.shape, dtype=bool)
        here[:, :, 0] = (declared[level] == kind).to_numpy()
        here[:, :, 1:] = broken.to_numpy()[:, None]
        shorter = declared[level].map(lambda own: MONTHS.get(own, 99) < MONTHS[kind]).to_numpy(dtype=bool)
        follows = np.zeros(counts.shape, dtype=bool)
        follows[:, :, 0] = shorter  # the last quarter's, of a stock
        total = np.zeros(counts.shape, dtype=bool)
        total[:, :, 0] = stock
        published.append(here)
        known.append(follows)
        exact.append(total)
    for depth, cells in enumerate(published):
        cells[table.moved(depth)] = False
    reason = [np.zeros(counts.shape, dtype=np.int64) for counts in table.counts]
    return Guarded(table, rule, published, known, exact, reason, kind)


def hide_small(guarded: Guarded) -> None:
    """The small-number rule; totals of stocks are shown from SMALLEST_STOCK up, and no zero of them is."""
    for level, n in enumerate(guarded.table.counts):
        guarded.hide(level, guarded.exact[level] & (n < SMALLEST_STOCK), Reason.SMALL_STOCK)
        guarded.hide(level, is_small(n, guarded.rule), Reason.SMALL)


def hide_breakdowns_of_small_totals(guarded: Guarded) -> None:
    """No breakdown of a total below the limit."""
    for level in range(1, len(LEVELS)):
        total = guarded.table.counts[level][:, :, :1]
        groups = np.arange(guarded.table.counts[level].shape[2]) > 0
        few = guarded.published[level] & (total < SMALLEST_BROKEN_DOWN) & groups
        guarded.reason[level] = np.where(few, Reason.SMALL_TOTAL, guarded.reason[level])


def hide_among_few(guarded: Guarded, few: list[Bools]) -> None:
    """Figures counted among people whose number is hidden or not released, zeros too.

    ``few``: (organisations, groups) by level. Where everybody's number is hidden, so is every group.
    """
    for level, cells in enumerate(few):
        shape = guarded.reason[level].shape
        guarded.hide(level, np.broadcast_to(cells[:, None, :], shape), Reason.FEW_PEOPLE)
        guarded.withhold(level, np.broadcast_to(cells[:, :1, None], shape), Reason.FEW_PEOPLE)


def hide_few_without(guarded: Guarded, register: tuple[Ints, ...]) -> None:
    """Shares of the register that leave out 1 to 7 people: beside the register they would count those people.

    ``register``: people on it, by level as (organisations, 1, groups).
    """
    declared = indicators().loc[list(guarded.table.names)]
    share = (declared["kind"] == "proportion").to_numpy()[None, :, None]
    for level, counts in enumerate(guarded.table.counts):
        guarded.hide(level, share & is_protected(register[level] - counts), Reason.FEW_PEOPLE)


def hide_what_shorter_periods_hide(guarded: Guarded, hidden: list[Bools]) -> None:
    """A window's figures below or in a place where a shorter period of the same, or of its whole, is hidden.

    Without this a window's parts would add up to the hidden month. Nor is the window's total known there, or
    above: it is a sum of counts that were proved open one by one. ``hidden``: by level, as its counts.
    """
    top = len(hidden) - 1
    above = hidden[0][:, :, 0]
    guarded.known[0][:, :, 0] &= ~above
    for level in range(1, top + 1):
        above = (guarded.table.children_sum(level - 1, above.astype(np.int64)) > 0) | hidden[level][:, :, 0]
        guarded.known[level][:, :, 0] &= ~above
    below = hidden[top][:, :, :1]
    guarded.hide(top, hidden[top] | below, Reason.SHORTER_PERIOD)
    for level in range(top - 1, -1, -1):
        below = below[guarded.table.parents[level]] | hidden[level][:, :, :1]
        guarded.hide(level, hidden[level] | below, Reason.SHORTER_PERIOD)


def hide_capacity(guarded: Guarded) -> None:
    """Places of a board where a practice's clinic tier is hidden.

    A policy publishes how many places a practice has, so that its places say how many are in its clinic tier.
    """
    clinic, places = (guarded.table.indicator(name) for name in ("disposition_clinic", "clinic_places"))
    if clinic is None or places is None:
        return
    hidden = guarded.hidden(0)[:, clinic, :1]
    for level in range(len(LEVELS) - 1):
        hidden = guarded.table.children_sum(level, hidden.astype(np.int64)) > 0
    cells = np.zeros_like(guarded.published[-1])
    cells[:, places, :1] = hidden
    guarded.hide(len(LEVELS) - 1, cells, Reason.CAPACITY)
