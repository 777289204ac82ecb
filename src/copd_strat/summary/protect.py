"""From true counts to what may be published: hidden by construction, proved, hidden more where it must be.

What the proof does not reach is covered: a second count is hidden beside it, nearest first, so that what is
lost stays inside one network wherever that is possible. Where covers do not suffice, the network's figures of
the indicators concerned go, then those of the places above it. A revised month is proved together with its
first figures and fails closed: a network that is not proved keeps its first figures and gets no others.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np

from copd_strat.errors import DisclosureError
from copd_strat.summary.controls import Guarded, Reason
from copd_strat.summary.count_table import CountTable, group_slices
from copd_strat.summary.cube import COHORTS, DISPOSITIONS
from copd_strat.summary.exchanges import At, Exchanges, Slack, parts_of, slack_of, with_wholes
from copd_strat.summary.narrowing import few_values, narrowed_bounds
from copd_strat.summary.small_numbers import Bools, Ints, is_protected, rounded

#: At most this share of the hidden counts of 1 to 7 may be narrowed to three values or fewer.
NARROWED_AT_MOST = 0.02
#: Rounds of covering single counts, then of withholding in networks; what is left goes in the places above too.
COVER_ROUNDS, NETWORK_ROUNDS, ROUNDS = 6, 12, 18
#: Rounds in which a cell that this round has covered already waits for the next proof.
PATIENT_ROUNDS = 2


@dataclass(frozen=True)
class First:
    """A month's first figures, by level as in its revised table: slack of each cell, and what was hidden."""

    slack: Slack
    hidden: list[Bools]
    shown: list[Bools]


def protect(guarded: Guarded, before: list[Bools], first: First | None = None) -> None:
    """Hide more in ``guarded`` until every hidden count of 1 to 7 is proved to have another value.

    ``before``: by level, totals that were hidden in the month before; covers stay where they were.
    DisclosureError if hiding everything does not suffice.
    """
    if first is not None:
        _follow_first(guarded, first)
    if not any(guarded.protected(level).any() for level in range(4)):
        return
    exchanges = exchanges_of(guarded)
    for step in range(ROUNDS):
        found = unproven(guarded, exchanges, first)
        if step >= COVER_ROUNDS and any(cells.any() for cells in found):
            found = unproven(guarded, exchanges_of(guarded, near=_places(found)), first)
        is_open = any(cells.any() for cells in found)
        found = found if is_open else _narrowed_beyond_limit(guarded)
        if not any(cells.any() for cells in found):
            return
        if first is None and is_open and step < COVER_ROUNDS:
            _cover_all(guarded, found, before, patient=step < PATIENT_ROUNDS)
        else:
            reason = Reason.NETWORK if first is None else Reason.REVISION
            _withhold(guarded, found, reason, above=step >= NETWORK_ROUNDS)
    raise DisclosureError(
        f"the disclosure audit failed for {', '.join(guarded.table.names)}:"
        " a hidden count could be worked out from what would be published",
        fix="nothing was published; report this with the run's manifest",
    )


def exchanges_of(guarded: Guarded, near: Collection[At] = ()) -> Exchanges:
    """The exchanges that could show another table than the true one."""
    broken_down = any(cells[:, :, 1:].any() for cells in guarded.published)
    return Exchanges(guarded.table, broken_down=broken_down, near=near)


def _places(found: list[Bools]) -> list[At]:
    return [
        (level, int(own), int(indicator), int(group))
        for level, cells in enumerate(found)
        for own, indicator, group in np.argwhere(cells)
    ]


def unproven(guarded: Guarded, exchanges: Exchanges, first: First | None = None) -> list[Bools]:
    """By level: protected counts that are not proved to have another value."""
    slack = slack_of(guarded.table, [guarded.bounds(level) for level in range(4)])
    if first is not None:
        slack = slack.and_also(first.slack)
    safe = exchanges.changeable(slack)
    return [guarded.protected(level) & ~safe[level] for level in range(4)]


def _narrowed_beyond_limit(guarded: Guarded) -> list[Bools]:
    """By level: as many of the narrowed counts as are too many, those of the lowest levels first."""
    few = narrowed(guarded)
    hidden = sum(
        int((guarded.protected(level) & is_protected(guarded.table.counts[level])).sum())
        for level in range(4)
    )
    excess = sum(int(cells.sum()) for cells in few) - int(NARROWED_AT_MOST * hidden)
    for cells in few:
        places = np.flatnonzero(cells)
        cells.ravel()[places[max(excess, 0) :]] = False
        excess -= len(places)
    return few


def narrowed(guarded: Guarded) -> list[Bools]:
    """By level: hidden counts of 1 to 7 that sums narrow to three values or fewer."""
    table = guarded.table
    bounds = narrowed_bounds(table, [guarded.bounds(level) for level in range(4)])
    return [
        guarded.protected(level) & is_protected(table.counts[level]) & few_values(bounds[level])
        for level in range(4)
    ]


def _follow_first(guarded: Guarded, first: First) -> None:
    """What was hidden stays hidden; a network that would newly hide something gets no revised figures.

    A count seen to cross the limit between two publications of a month would say where it stands.
    """
    for level in range(4):
        guarded.hide(level, first.hidden[level], Reason.REVISION)
    newly = [guarded.hidden(level) & first.shown[level] for level in range(4)]
    _withhold(guarded, newly, Reason.REVISION, above=False)


def _withhold(guarded: Guarded, found: list[Bools], reason: Reason, *, above: bool) -> None:
    """Hide, where a cell is found, its breakdown with all that adds up with it, zeros too.

    Where the cell is a total, the total and every breakdown of it; below a network also its practices. With
    ``above`` the same goes in the places above, and in all that lie below those: a sibling's breakdown can leave
    no way to count one more here and one fewer there.
    """
    table, linked = guarded.table, _linked(guarded.table)
    whole = [_whole_breakdowns(np.einsum("oig,ij->ojg", cells, linked)) for cells in found]
    for level in range(3):  # what has no figure of its own to hide is hidden among its siblings
        bare = whole[level] & table.moved(level)[:, None, None]
        whole[level] |= (table.children_sum(level, bare.astype(np.int64)) > 0)[table.parents[level]]
    network = table.children_sum(0, np.asarray(whole[0].any(axis=2), dtype=np.int64)) > 0
    whole[1] |= network[:, :, None]
    if above:
        for level in (2, 3):
            whole[level] |= table.children_sum(level - 1, whole[level - 1].astype(np.int64)) > 0
        for level in (2, 1):
            whole[level] |= whole[level + 1][table.parents[level]]
    whole[0] |= whole[1][table.parents[0]][:, :, :1]
    for level, cells in enumerate(whole):
        guarded.withhold(level, cells, reason)


def _whole_breakdowns(cells: Bools) -> Bools:
    """``cells`` (organisations, indicators, groups) with the other values of their breakdowns; all for a total."""
    whole = cells.copy()
    for part in group_slices():
        whole[:, :, part] = cells[:, :, part].any(axis=2, keepdims=True)
    return whole | cells[:, :, :1]


def _linked(table: CountTable) -> Bools:
    """(indicators, indicators): those whose counts add up with each other's, or are part of each other."""
    linked = np.eye(len(table.names), dtype=bool)
    pairs = parts_of(table)
    for at in range(len(table.names)):
        chain = list(with_wholes(pairs, at)[-1])
        linked[np.ix_(chain, chain)] = True
    summed = _dispositions(table)
    placed = table.indicator(COHORTS["placed"])
    if placed is not None:
        both = [placed, *summed]
        linked[np.ix_(both, both)] = True
    return linked


def _dispositions(table: CountTable) -> list[int]:
    found = (table.indicator(f"disposition_{name}") for name in DISPOSITIONS)
    return [at for at in found if at is not None]


def _cover_all(guarded: Guarded, found: list[Bools], before: list[Bools], *, patient: bool) -> None:
    """A cover for every cell found, by what is hidden once those before it are covered."""
    hidden = [cells.copy() for cells in guarded.reason]
    for level, cells in enumerate(found):
        for place in np.argwhere(cells):
            own, indicator, group = (int(at) for at in place)
            changed = guarded.reason[level][own] != hidden[level][own]
            if not (
                patient and changed[_dispositions(guarded.table)].any() and _is_summed(guarded, indicator)
            ):
                _cover(guarded, (level, own, indicator, group), before)


def _is_summed(guarded: Guarded, indicator: int) -> bool:
    return indicator in _dispositions(guarded.table)


def _cover(guarded: Guarded, cell: At, before: list[Bools]) -> None:
    """Hide a second count in the sums that ``cell`` is part of, so that the two can be exchanged.

    One more group or disposition in the same place, and the same in the nearest place of the level, with the
    places between them: what a swap and its reverse would change. What the cell is part of goes with it.
    """
    level, own, indicator, group = cell
    wholes = [(at, group) for at in with_wholes(parts_of(guarded.table), indicator)[-1]]
    columns = [*wholes, *_other_column(guarded, cell)]
    partner = _partner(guarded, cell, columns, before)
    for at, organisation in ((level, own), *_between(guarded.table, level, own, partner)):
        for column in columns:
            cells = np.zeros_like(guarded.published[at])
            cells[(organisation, *column)] = True
            guarded.hide(at, cells & (guarded.table.counts[at] > 0), Reason.COVER)


def _other_column(guarded: Guarded, cell: At) -> Iterator[tuple[int, int]]:
    """Another disposition, or another group of the same breakdown, to be hidden beside a cell; the smallest.

    Dispositions are chosen by the size of the place's network, so that its practices hide the same ones.
    """
    level, own, indicator, group = cell
    dispositions = _dispositions(guarded.table)
    n = guarded.table.counts[level][own]
    if indicator in dispositions:
        network = guarded.table.parents[0][own] if level == 0 else own
        sizes = guarded.table.counts[max(level, 1)][network][:, group]
        others = [at for at in dispositions if at != indicator and n[at, group] > 0]
        if others:
            yield min(others, key=lambda at: (int(sizes[at]), at)), group
    elif group:
        part = next(part for part in group_slices() if part.start <= group < part.stop)
        others = [at for at in range(part.start, part.stop) if at != group and n[indicator, at] > 0]
        if others:
            yield indicator, min(others, key=lambda at: (int(n[indicator, at]), at))


def _partner(guarded: Guarded, cell: At, columns: list[tuple[int, int]], before: list[Bools]) -> int | None:
    """The place to be hidden beside a cell: the nearest that still shows any of ``columns``.

    Of these the one that has least more to hide, or hid the cell last month; then the smallest.
    """
    level, own, indicator, group = cell
    n, hidden = guarded.table.counts[level], guarded.hidden(level)
    shown = guarded.published[level] & (n > 0) & ~hidden
    useful = np.any([shown[:, at, of] for at, of in columns], axis=0)
    if useful[own]:  # hiding more here may be enough beside a place that hides these already
        useful |= np.all([hidden[:, at, of] for at, of in columns], axis=0)
    useful &= n[:, indicator, group] > 0
    useful[own] = False
    others = np.flatnonzero(useful)
    if not len(others):
        return None
    apart = [line[others] != line[own] for line in _ancestors(guarded.table, level)]
    distance = np.sum([np.zeros(len(others), bool), *apart], axis=0)  # all alike on the highest level
    spared = np.sum([~shown[others, at, of] for at, of in columns], axis=0)
    known = before[level][others, indicator, 0] & (group == 0)
    order = np.lexsort((others, rounded(n[others, indicator, group]), ~known, -spared, distance))
    return int(others[order[0]])


def _ancestors(table: CountTable, level: int) -> list[Ints]:
    """Each organisation's own number on the levels above."""
    line, lines = np.arange(len(table.codes[level])), []
    for parents in table.parents[level:]:
        line = parents[line]
        lines.append(line)
    return lines


def _between(table: CountTable, level: int, own: int, partner: int | None) -> Iterator[tuple[int, int]]:
    """A partner, and the places above the two up to where they meet."""
    if partner is None:
        return
    yield level, partner
    one, other = own, partner
    for at, parents in enumerate(table.parents[level:], start=level + 1):
        one, other = int(parents[one]), int(parents[other])
        if one == other:
            return
        yield at, one
        yield at, other
