"""One period's figures: counted, hidden by construction, proved, and put among the people they happened to.

A period is protected in the order in which a reader could use it: the register first, then what is counted
among its people, then the dispositions. What earlier publications showed is read from their rows alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache

import numpy as np
import pandas as pd

from copd_strat.summary.controls import (
    Guarded,
    Reason,
    guarded,
    hide_among_few,
    hide_breakdowns_of_small_totals,
    hide_capacity,
    hide_few_without,
    hide_small,
    hide_what_shorter_periods_hide,
)
from copd_strat.summary.count_table import CELL_KEY, CountTable, count_table, groups
from copd_strat.summary.counts import Counted
from copd_strat.summary.cube import COHORTS, LEVELS, indicators
from copd_strat.summary.exchanges import slack_of
from copd_strat.summary.periods import Due, Period, PeriodType, add_months
from copd_strat.summary.protect import First, narrowed, protect
from copd_strat.summary.small_numbers import Bools, Floats, SmallNumberRule, is_protected, rounded

PLACE = ["org_level", "org_code"]
KNOWN = ["n", "lower", "upper", "hidden"]
REGISTER, PLACED = COHORTS["register"], COHORTS["placed"]


class Released:
    """Of rows published so far, a period's latest revision each, what later periods need to know.

    Rows are those of fact_indicator with org_level and org_code.
    """

    def __init__(self) -> None:
        self._unshown: dict[Period, pd.DataFrame] = {}
        self._hidden: dict[Period, pd.DataFrame] = {}
        self._totals: dict[date, pd.DataFrame] = {}
        self._broken_down: dict[date, pd.DataFrame] = {}

    def add(self, period: Period, rows: pd.DataFrame) -> None:
        """Rows of a publication, in place of an earlier one of the same period."""
        whole, status = rows["breakdown_type"] == "all", rows["value_status"]
        self._unshown[period] = rows.loc[whole & (status != "shown"), [*CELL_KEY, "value_status"]]
        self._hidden[period] = rows.loc[status == "suppressed_small", CELL_KEY]
        if period.kind == "month":
            register = rows.loc[rows["indicator_id"] == REGISTER, [*CELL_KEY, "numerator"]]
            whole = register["breakdown_type"] == "all"
            self._totals[period.start], self._broken_down[period.start] = register[whole], register[~whole]

    def hidden(self, periods: Sequence[Period], names: Sequence[str]) -> pd.DataFrame:
        """CELL_KEY of what is hidden in any of ``periods``."""
        there = [self._hidden[period] for period in periods if period in self._hidden]
        rows = pd.concat(there) if there else pd.DataFrame(columns=CELL_KEY)
        return rows[rows["indicator_id"].isin(names)].drop_duplicates()

    def unshown(self, period: Period) -> pd.DataFrame:
        """CELL_KEY and ``value_status`` of totals without a figure, in the periods that lie in ``period``."""
        there = [rows for own, rows in self._unshown.items() if set(own.months) <= set(period.months)]
        return pd.concat(there, ignore_index=True)

    def stock(self, month: date) -> tuple[pd.DataFrame, pd.DataFrame]:
        """The register's totals in ``month``, and by group as last released, or as first if not yet by then."""
        empty = pd.DataFrame(columns=[*CELL_KEY, "numerator"])
        starts = sorted(start for start, rows in self._broken_down.items() if len(rows))
        chosen = max((start for start in starts if start <= month), default=starts[0] if starts else None)
        return self._totals.get(month, empty), empty if chosen is None else self._broken_down[chosen]


@dataclass(frozen=True)
class PeriodFigures:
    """Protected cells of a period: CELL_KEY, ``published``, ``denominator``, ``reason``; and what was done.

    ``silent``: the same columns for indicators that no source covers, without a figure.
    ``known``: what the publication says of each cell (KNOWN), for the audit of the revision.
    """

    cells: pd.DataFrame
    silent: pd.DataFrame
    record: dict[str, int]

    @property
    def known(self) -> pd.DataFrame:
        return self.cells[[*CELL_KEY, *KNOWN]]


@dataclass(frozen=True)
class Maker:
    """Makes the figures of one period after the other. ``first_months``: each cohort's first published month."""

    counted: Counted
    released: Released
    rule: SmallNumberRule
    unobserved: frozenset[str]
    first_months: dict[str, date]

    def figures(self, due: Due, first: pd.DataFrame | None) -> PeriodFigures:
        """``first``: CELL_KEY and KNOWN of the month's first publication, for a revision."""
        parts: list[Guarded] = []
        tables = self._tables(due)
        register = self._guarded(due, "register", tables, [REGISTER])
        if due.period.kind == "month":
            parts.append(self._proved(register, due, first))
        events = self._guarded(due, "register", tables, self._names("register", due.period.kind))
        people = self._people(due.period, events.table, parts)
        hide_among_few(events, [np.isnan(counts) for counts in people])
        hide_few_without(events, tables["register"].only([REGISTER]).counts)
        if due.period.kind != "month":
            hide_what_shorter_periods_hide(events, self._hidden_before(due.period, events.table))
        parts.append(self._proved(events, due, first))
        cells = [_cells(register, None)] if due.period.kind == "month" else []
        cells.append(with_declared(_cells(events, people)))
        if "placed" in tables:
            placed = self._guarded(due, "placed", tables, [PLACED, *self._names("placed", due.period.kind)])
            _hide_where_register_is(placed, register)
            parts.append(self._proved(placed, due, None))
            cells.append(with_declared(_cells(placed, None)))
        return PeriodFigures(pd.concat(cells, ignore_index=True), self._silent(due, tables), _record(parts))

    def _silent(self, due: Due, tables: dict[str, CountTable]) -> pd.DataFrame:
        """Cells, without a figure, of the indicators that no source covers."""
        cells = [
            _cells(self._guarded(due, cohort, tables, names), None)
            for cohort in tables
            if (names := self._names(cohort, due.period.kind, observed=False))
        ]
        empty = pd.DataFrame(columns=[*CELL_KEY, "published", "denominator"])
        found = pd.concat([empty, *cells]) if cells else empty
        return found.assign(published=pd.array([pd.NA] * len(found), dtype="Int64"), denominator=np.nan)

    def _tables(self, due: Due) -> dict[str, CountTable]:
        """The true counts of each cohort; dispositions are counted once, at their month's first publication."""
        months, declared, membership = due.period.months, indicators(), self.counted.membership
        finest = self.counted.within(months)
        cohorts = [REGISTER]
        if due.period.kind == "month" and not due.revision and (finest["indicator_id"] == PLACED).any():
            cohorts.append(PLACED)  # no run in the month, no dispositions
        return {
            cohort: count_table(
                finest,
                membership,
                months,
                [str(i) for i in declared.index[declared["cohort"] == cohort]],
                people,
                list(declared.index[declared["stock"]]),
            )
            for cohort, people in COHORTS.items()
            if people in cohorts
        }

    def _names(self, cohort: str, kind: PeriodType, *, observed: bool = True) -> list[str]:
        """Indicators with figures for such a period, and those that are part of each other with them."""
        declared = indicators()
        own = declared.index[(declared["cohort"] == cohort) & (declared.index != COHORTS[cohort])]
        wanted = _with_figures(kind)
        return [str(name) for name in own if name in wanted and (name not in self.unobserved) is observed]

    def _guarded(self, due: Due, cohort: str, tables: dict[str, CountTable], names: Sequence[str]) -> Guarded:
        table = tables[cohort].only(names)
        breakdown = due.period.has_stock_breakdown or (
            due.period.start == self.first_months.get(cohort) and due.period.start.month not in (12, 1, 2)
        )
        made = guarded(table, due.period.kind, self.rule, stock_breakdown=breakdown)
        hide_small(made)
        hide_breakdowns_of_small_totals(made)
        return made

    def _proved(self, part: Guarded, due: Due, first: pd.DataFrame | None) -> Guarded:
        hide_capacity(part)
        stock = [name for name in part.table.names if indicators().loc[name, "stock"]]
        last = Period("month", add_months(due.period.start, -1))
        before = _mask(part.table, self.released.hidden([last], stock))
        protect(part, before, None if first is None else _first(part.table, first))
        return part

    def _people(self, period: Period, table: CountTable, register: list[Guarded]) -> list[Floats]:
        """(organisations, groups) by level: the published number of people, NaN where there is none."""
        totals, broken = self.released.stock(period.last_month)
        if register:
            totals = _cells(register[0], None).rename(columns={"published": "numerator"})
            own = totals[totals["breakdown_type"] != "all"]
            broken = broken if own.empty else own
        rows = pd.concat([totals[totals["breakdown_type"] == "all"], broken])
        rows = rows.drop_duplicates([*PLACE, "breakdown_type", "breakdown_value"])
        numbers = pd.to_numeric(rows["numerator"].astype("object"), errors="coerce").astype("float64")
        rows = rows.assign(numerator=numbers)
        by_place = rows.set_index([*PLACE, "breakdown_type", "breakdown_value"])["numerator"].astype(
            "float64"
        )
        found: list[Floats] = []
        for level, codes in zip(LEVELS, table.codes, strict=True):
            width = groups() if level != LEVELS[0] else groups()[:1]
            wanted = [(level, code, *group) for code in codes for group in width]
            values = by_place.reindex(pd.MultiIndex.from_tuples(wanted, names=by_place.index.names))
            shape = len(codes), len(width)
            found.append(np.asarray(values, dtype=np.float64).reshape(*shape))
        return found

    def _hidden_before(self, period: Period, table: CountTable) -> list[Bools]:
        """Cells of a window of which a shorter period, of the indicator or of its whole, is hidden."""
        shorter = [Period("month", month) for month in period.months]
        if period.kind == "year":
            shorter += [Period("quarter", month) for month in period.months[::3]]
        wholes = pd.DataFrame(
            [(name, whole) for name in table.names for whole in _wholes(name)],
            columns=["own", "indicator_id"],
        )
        hidden = self.released.hidden(shorter, list(wholes["indicator_id"].unique()))
        own = hidden.merge(wholes, on="indicator_id").drop(columns="indicator_id")
        return _mask(table, own.rename(columns={"own": "indicator_id"}))


@cache
def _with_figures(kind: PeriodType) -> frozenset[str]:
    """Indicators with totals or breakdowns for such a period, their wholes and their parts."""
    kinds = indicators()[[*LEVELS, "breakdown"]].replace("march", "month")
    found = {str(name) for name in kinds.index[(kinds == kind).any(axis=1)]}
    chains = [_wholes(str(name)) for name in kinds.index]
    return frozenset(found.union(*(chain for chain in chains if found & set(chain))))


def _wholes(name: str) -> list[str]:
    """An indicator and what it is part of, up to the last."""
    found = [name]
    while whole := str(indicators().loc[found[-1], "part_of"]):
        found.append(whole)
    return found


def _hide_where_register_is(placed: Guarded, register: Guarded) -> None:
    """Nearly everybody on the register has a disposition: where one number is hidden, so is the other."""
    for level in range(len(LEVELS)):
        hidden = pd.Series(register.hidden(level)[:, 0, 0], index=list(register.table.codes[level]))
        here = hidden.groupby(level=0).any().reindex(list(placed.table.codes[level]), fill_value=True)
        cells = np.broadcast_to(here.to_numpy(dtype=bool)[:, None, None], placed.reason[level].shape)
        placed.hide(level, cells, Reason.FEW_PEOPLE)


def _cells(part: Guarded, people: list[Floats] | None) -> pd.DataFrame:
    """Published cells, one row each; ``people`` are their denominators. Moved practices stand as hidden."""
    frames = []
    for level, name in enumerate(LEVELS):
        table, moved = part.table, part.table.moved(level)
        lower, upper = part.bounds(level)
        at = np.argwhere(part.published[level])
        own, indicator, group = at.T
        kinds = np.array(groups(), dtype=object)
        frame = {
            "indicator_id": np.array(table.names, dtype=object)[indicator],
            "org_level": name,
            "org_code": np.array(table.codes[level], dtype=object)[own],
            "breakdown_type": kinds[group, 0],
            "breakdown_value": kinds[group, 1],
            "n": table.counts[level][part.published[level]],
            "hidden": part.hidden(level)[part.published[level]],
            "reason": part.reason[level][part.published[level]],
            "lower": lower[part.published[level]],
            "upper": upper[part.published[level]],
            "denominator": np.nan if people is None else people[level][own, group],
        }
        frames.append(pd.DataFrame(frame))
        if moved.any():
            frames.append(_moved_cells(part, level))
    cells = pd.concat(frames, ignore_index=True)
    shown = pd.Series(rounded(cells["n"].to_numpy(dtype=np.int64)), dtype="Int64", index=cells.index)
    return cells.assign(published=shown.mask(cells["hidden"].to_numpy(dtype=bool)))


def _moved_cells(part: Guarded, level: int) -> pd.DataFrame:
    """One hidden row an indicator for organisations that stand under two parents in the period."""
    codes = sorted(
        {code for code, moved in zip(part.table.codes[level], part.table.moved(level), strict=True) if moved}
    )
    names = [name for at, name in enumerate(part.table.names) if part.declared(level)[at]]
    rows = [(name, LEVELS[level], code, "all", "all") for name in names for code in codes]
    frame = pd.DataFrame(rows, columns=CELL_KEY)
    return frame.assign(
        n=0, hidden=True, reason=int(Reason.SHORTER_PERIOD), lower=0, upper=0, denominator=np.nan
    )


def with_declared(cells: pd.DataFrame) -> pd.DataFrame:
    """Where an indicator is a share of another one of these ``cells``, its published count is the denominator."""
    whole = cells["indicator_id"].map(indicators()["denominator_id"])
    found = cells.assign(indicator_id=whole)[CELL_KEY].merge(
        cells[[*CELL_KEY, "published"]], on=CELL_KEY, how="left"
    )
    counted = found["published"].astype("float64").to_numpy()
    here = whole.isin(cells["indicator_id"].unique()).to_numpy()
    return cells.assign(denominator=np.where(here, counted, cells["denominator"].astype("float64")))


def _mask(table: CountTable, keys: pd.DataFrame) -> list[Bools]:
    """By level: cells whose CELL_KEY is in ``keys``."""
    return [_placed(table, level, keys, np.ones(len(keys)), 0.0) > 0 for level in range(len(LEVELS))]


def _placed(table: CountTable, level: int, keys: pd.DataFrame, values: Floats, missing: float) -> Floats:
    """``values`` of rows (CELL_KEY) in the table's array of a level; ``missing`` elsewhere."""
    found = np.full(table.counts[level].shape, missing)
    here = (keys["org_level"] == LEVELS[level]).to_numpy() & keys["indicator_id"].isin(table.names).to_numpy()
    if not here.any():
        return found
    codes = list(table.codes[level])
    nodes = pd.DataFrame({"org_code": np.array(codes, dtype=object), "own": np.arange(len(codes))})
    rows = keys[here].assign(value=np.asarray(values)[here]).merge(nodes, on="org_code")
    group_at = {group: at for at, group in enumerate(groups())}
    kinds = zip(rows["breakdown_type"], rows["breakdown_value"], strict=True)
    group = np.array([group_at[kind] for kind in kinds], dtype=np.int64)
    indicator = pd.Index(table.names).get_indexer(pd.Index(rows["indicator_id"]))
    found[rows["own"].to_numpy(dtype=np.int64), indicator, group] = rows["value"].to_numpy(dtype=np.float64)
    return found


def _first(table: CountTable, first: pd.DataFrame) -> First:
    """A month's first figures in the arrays of its revised table; a cell that is new has every slack."""
    levels = range(len(LEVELS))
    n, lower, upper = (
        [_placed(table, level, first, first[name].to_numpy(dtype=np.float64), missing) for level in levels]
        for name, missing in (("n", 1.0), ("lower", 0.0), ("upper", 2.0))
    )
    hidden = [
        _placed(table, level, first, first["hidden"].to_numpy(dtype=np.float64), -1.0) for level in levels
    ]
    counts = [values.astype(np.int64) for values in n]
    bounds = [(one.astype(np.int64), two.astype(np.int64)) for one, two in zip(lower, upper, strict=True)]
    told = CountTable(table.names, table.codes, table.parents, tuple(counts))
    return First(slack_of(told, bounds), [cells > 0 for cells in hidden], [cells == 0 for cells in hidden])


def _record(parts: list[Guarded]) -> dict[str, int]:
    """How many cells are published, how many hidden and by what, and how many are narrowed."""
    reasons = np.concatenate(
        [part.reason[level][part.published[level]] for part in parts for level in range(len(LEVELS))]
    )
    few = sum(int(cells.sum()) for part in parts for cells in narrowed(part))
    protected = sum(
        int((part.protected(level) & is_protected(part.table.counts[level])).sum())
        for part in parts
        for level in range(len(LEVELS))
    )
    record = {f"hidden_{reason.name.lower()}": int((reasons == reason).sum()) for reason in Reason if reason}
    return {"cells": len(reasons), **record, "hidden_1_to_7": protected, "narrowed": few}
