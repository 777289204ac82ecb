"""From true counts to what may be published: primary rule, further hiding until the audit passes, the gate.

The small-number rule hides counts one at a time. Where the audit finds that a hidden one could still be
worked out, more is hidden, always in the same order:

1. a shown count (above 0) in each kind of sum that it is part of: across organisations, across the
   values of a breakdown, across dispositions; the lowest level first, then the smallest, and never
   the total of a sub-ICB or an ICB;
2. if that is not enough, its table (indicator, breakdown and level) in that month, zeros included;
3. if that is not enough, the linked indicators in that month altogether.

The audit of what is finally published is the gate: if it fails, nothing is published.
"""

from __future__ import annotations

import logging

import numpy as np
import pandas as pd

from copd_strat.errors import DisclosureError
from copd_strat.summary.audit import Witnesses, exposed, finest_mask
from copd_strat.summary.counts import CELL_KEY
from copd_strat.summary.cube import LEVELS, indicators
from copd_strat.summary.relations import EARLIER, linked_indicators, system_of
from copd_strat.summary.small_numbers import (
    SMALLEST_SHOWN,
    Bools,
    SmallNumberRule,
    bounds_of_shown,
    bounds_of_small,
    is_small,
    rounded,
)

log = logging.getLogger(__name__)

# Why a cell is hidden; "" is shown. Only the audit sees these: readers see one status for all.
SHOWN, SMALL, FEW_PEOPLE, COVER, WITHHELD = "", "small", "few_people", "cover", "withheld"
KNOWN = ["lower", "upper", "hidden"]
TABLE = ["indicator_id", "breakdown_type", "org_level"]
#: Rounds of hiding single counts before tables are withheld, and of both before the indicators are.
COVER_ROUNDS, ROUNDS = 4, 12


def protect(
    cells: pd.DataFrame, membership: pd.DataFrame, rule: SmallNumberRule, earlier: pd.DataFrame | None = None
) -> pd.DataFrame:
    """``cells`` (CELL_KEY, n) with ``published`` (empty where hidden) and what that tells: KNOWN.

    ``earlier``: the same of the month's first publication (CELL_KEY and KNOWN), which is audited
    together with these. DisclosureError if a hidden count could be worked out in the end.
    """
    cells = _primary(cells.reset_index(drop=True), rule)
    done = []
    for names in linked_indicators():
        part = cells[cells["indicator_id"].isin(names)].reset_index(drop=True)
        first = None if earlier is None else earlier[earlier["indicator_id"].isin(names)]
        if len(part):
            done.append(_until_safe(part, membership, rule, first))
    return _published(_bounded(pd.concat(done, ignore_index=True), rule))


def _primary(cells: pd.DataFrame, rule: SmallNumberRule) -> pd.DataFrame:
    """Hide small counts, and what is counted among so few people that their number is hidden."""
    small = is_small(cells["n"].to_numpy(), rule)
    hidden_people = cells.loc[small, CELL_KEY].assign(hidden_people=True)
    denominators = cells["indicator_id"].map(indicators()["denominator_id"])
    looked_up = cells.assign(indicator_id=denominators).merge(hidden_people, on=CELL_KEY, how="left")
    few = looked_up["hidden_people"].notna().to_numpy() & (cells["n"] > 0).to_numpy()
    return cells.assign(reason=np.select([small, few], [SMALL, FEW_PEOPLE], SHOWN))


def _until_safe(
    cells: pd.DataFrame, membership: pd.DataFrame, rule: SmallNumberRule, earlier: pd.DataFrame | None
) -> pd.DataFrame:
    """Hide more of one group of linked indicators until no hidden count can be worked out."""
    seen = Witnesses()
    for step in range(ROUNDS):
        found = _exposed(_bounded(cells, rule), membership, seen, earlier)
        if not found.any():
            return cells
        log.debug("disclosure control: %d hidden figures need cover", int(found.sum()))
        cells = _hide_more(cells, membership, found, whole_tables=step >= COVER_ROUNDS)
    cells = cells.assign(reason=WITHHELD)
    if _exposed(_bounded(cells, rule), membership, seen, earlier).any():
        raise DisclosureError(
            f"the disclosure audit failed for {', '.join(sorted(set(cells['indicator_id'])))}:"
            " a hidden count could be worked out from what would be published",
            fix="nothing was published; report this with the run's manifest",
        )
    return cells


def _hide_more(
    cells: pd.DataFrame, membership: pd.DataFrame, exposed: Bools, *, whole_tables: bool
) -> pd.DataFrame:
    """One round of hiding, for every exposed cell by what is shown at the round's start."""
    reason = cells["reason"].copy()
    for cell in np.flatnonzero(exposed):
        cover = [] if whole_tables else _cover(cells, membership, int(cell))
        reason.loc[cover] = reason.loc[cover].mask(reason.loc[cover] == SHOWN, COVER)
        if not cover:
            reason[(cells[TABLE] == cells.loc[int(cell), TABLE]).all(axis=1)] = WITHHELD
    return cells.assign(reason=reason)


def _exposed(
    cells: pd.DataFrame, membership: pd.DataFrame, seen: Witnesses, earlier: pd.DataFrame | None
) -> Bools:
    """Mask over ``cells`` (bounded): hidden counts that could be worked out."""
    system = system_of(cells, membership)
    seen.add(system, cells["n"].to_numpy(dtype=np.int64)[finest_mask(cells)])
    alone = exposed(system, seen)
    if earlier is None or earlier.empty:
        return alone
    old = earlier.assign(indicator_id=EARLIER + earlier["indicator_id"])
    both = pd.concat([cells, old], ignore_index=True)
    jointly = Witnesses()
    joint = exposed(system_of(both, membership, unchanged_is_same=True), jointly)
    if jointly.first is None:  # the figures themselves say that something unchanged in print did change
        return alone
    return alone | joint[: len(cells)] | _same_places(cells, old[joint[len(cells) :]])


def _same_places(cells: pd.DataFrame, first: pd.DataFrame) -> Bools:
    """Mask over ``cells``: the revised figures of places whose first figures the revision gives away."""
    names = first["indicator_id"].str.removeprefix(EARLIER)
    places = pd.MultiIndex.from_frame(first.assign(indicator_id=names)[CELL_KEY])
    here: Bools = pd.MultiIndex.from_frame(cells[CELL_KEY]).isin(places)
    return here


def _bounded(cells: pd.DataFrame, rule: SmallNumberRule) -> pd.DataFrame:
    """What a reader who can tell the reasons apart knows of each cell: ``lower`` and ``upper``.

    A reader cannot in fact tell them apart, so what the audit passes is safer than it assumes.
    ``hidden`` marks what must not be worked out: under ``hes`` a 0 never is, since it would be shown.
    """
    reason, counts = cells["reason"].to_numpy(), cells["n"].to_numpy(dtype=np.int64)
    shown_lower, shown_upper = bounds_of_shown(rounded(counts))
    small_lower, small_upper = bounds_of_small(rule)
    # A count that is hidden as cover has no upper bound; a finite one keeps the programmes bounded.
    high = 2 * counts + 100
    kinds = [reason == SHOWN, reason == SMALL, reason == WITHHELD]
    lower = np.select(kinds, [shown_lower, np.full_like(counts, small_lower), 0 * counts], SMALLEST_SHOWN)
    upper = np.select(kinds, [shown_upper, np.full_like(counts, small_upper), high], high)
    hidden = (reason != SHOWN) & ((counts > 0) | (rule == "opensafely"))
    return cells.assign(lower=lower, upper=upper, hidden=hidden)


def _cover(cells: pd.DataFrame, membership: pd.DataFrame, cell: int) -> list[int]:
    """Labels of one shown count above 0 in each kind of sum that ``cell`` is part of.

    The lowest level first, then the smallest: the totals of a system are what most readers come for, so
    they are never taken as cover.
    """
    headline = (cells["breakdown_type"] == "all") & cells["org_level"].isin(LEVELS[2:])
    usable = ((cells["reason"] == SHOWN) & (cells["n"] > 0) & ~headline).to_numpy()
    chosen = []
    for near in _added_up_with(cells, membership, cell):
        candidates = cells[near & usable]
        if len(candidates):
            display = rounded(candidates["n"].to_numpy(dtype=np.int64))
            level = candidates["org_level"].map(LEVELS.index)
            ordered = candidates.assign(level=level, display=display)
            chosen.append(int(ordered.sort_values(["level", "display", *CELL_KEY]).index[0]))
    return chosen


def _added_up_with(cells: pd.DataFrame, membership: pd.DataFrame, cell: int) -> tuple[Bools, Bools, Bools]:
    """Masks over ``cells``: those added up with ``cell`` across organisations, breakdowns, dispositions."""
    this = cells.loc[cell]
    same = {column: (cells[column] == this[column]).to_numpy() for column in CELL_KEY}
    group = same["breakdown_type"] & same["breakdown_value"]
    place = same["org_level"] & same["org_code"]
    tree = _neighbours(cells, membership, str(this["org_level"]), str(this["org_code"]))
    total = (cells["breakdown_type"] == "all").to_numpy() | (this["breakdown_type"] == "all")
    summed = (cells["indicator_id"].map(indicators()["part_of"]) == "").to_numpy()
    return (
        same["indicator_id"] & group & tree,
        same["indicator_id"] & place & (total | same["breakdown_type"]),
        place & group & summed & ~same["indicator_id"],
    )


def _neighbours(cells: pd.DataFrame, membership: pd.DataFrame, level: str, code: str) -> Bools:
    """Mask over ``cells``: the organisation's parent, its siblings under that parent, and its children."""
    mask = np.zeros(len(cells), dtype=bool)
    at = LEVELS.index(level)
    rows = membership[membership[level] == code]
    if level != LEVELS[-1]:
        up = LEVELS[at + 1]
        parents = set(rows[up])
        siblings = set(membership.loc[membership[up].isin(parents), level])
        mask |= ((cells["org_level"] == up) & cells["org_code"].isin(parents)).to_numpy()
        mask |= ((cells["org_level"] == level) & cells["org_code"].isin(siblings)).to_numpy()
    if at > 0:
        down = LEVELS[at - 1]
        mask |= ((cells["org_level"] == down) & cells["org_code"].isin(set(rows[down]))).to_numpy()
    return mask


def _published(cells: pd.DataFrame) -> pd.DataFrame:
    shown = pd.Series(rounded(cells["n"].to_numpy(dtype=np.int64)), dtype="Int64")
    return cells.assign(published=shown.mask((cells["reason"] != SHOWN).to_numpy()))
