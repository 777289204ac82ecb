"""How published cells hang together: sums up the organisation tree, across breakdowns and indicators."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from scipy import sparse

from copd_strat.summary.audit import System, finest_mask
from copd_strat.summary.counts import CELL_KEY
from copd_strat.summary.cube import COHORTS, DISPOSITIONS, LEVELS, indicators
from copd_strat.summary.small_numbers import Floats

#: Cells of an earlier publication of the same month stand beside the new ones under this prefix.
EARLIER = "earlier:"
_PLACE = [column for column in CELL_KEY if column != "indicator_id"]


def linked_indicators() -> list[list[str]]:
    """Indicators in groups: no sum and no "part of" joins two groups, so each is audited alone."""
    declared = indicators()
    group = {name: name for name in declared.index}
    links = [(name, whole) for name, whole in declared["part_of"].items() if whole]
    links += [(f"disposition_{d}", COHORTS["placed"]) for d in DISPOSITIONS]
    for part, whole in links:
        old, new = group[str(part)], group[whole]
        group = {name: new if of == old else of for name, of in group.items()}
    return [[str(n) for n in declared.index if group[n] == g] for g in sorted(set(group.values()))]


def system_of(cells: pd.DataFrame, membership: pd.DataFrame, *, unchanged_is_same: bool = False) -> System:
    """The audit's system of ``cells`` (CELL_KEY, n, lower, upper, hidden; index 0 … n − 1).

    ``unchanged_is_same``: a finest cell whose publication did not change between the two revisions of a
    month is taken to hold the same people (docs/decisions.md §23).
    """
    finest = cells[finest_mask(cells)].reset_index(names="cell")
    finest["variable"] = np.arange(len(finest))
    rules = [_breakdowns_sum_alike(finest, membership), _dispositions_sum(finest), _parts(finest)]
    if unchanged_is_same:
        rules.append(_same_as_earlier(finest))
    matrix, lower = _stack(rules, len(finest))
    return System(
        cells=_cell_matrix(cells, finest, membership),
        lower=cells["lower"].to_numpy(dtype=np.int64),
        upper=cells["upper"].to_numpy(dtype=np.int64),
        rules=matrix,
        rules_lower=lower,
        hidden=cells["hidden"].to_numpy(dtype=bool),
        area=pd.factorize(_pcn_of(finest, membership))[0].astype(np.int64),
    )


def _pcn_of(finest: pd.DataFrame, membership: pd.DataFrame) -> pd.Series:
    pcn_of = membership.drop_duplicates("practice").set_index("practice")["pcn"]
    return finest["org_code"].where(finest["org_level"] == "pcn", finest["org_code"].map(pcn_of))


def _cell_matrix(cells: pd.DataFrame, finest: pd.DataFrame, membership: pd.DataFrame) -> sparse.csr_array:
    """cells x finest: 1 where a finest count is part of a cell."""
    row_of = pd.MultiIndex.from_frame(cells[CELL_KEY])
    rows, columns = [finest["cell"].to_numpy()], [finest["variable"].to_numpy()]
    for low, highs in (("practice", LEVELS[1:]), ("pcn", LEVELS[2:])):
        part = finest[finest["org_level"] == low]
        above = membership.drop_duplicates(low).set_index(low)
        for level in highs:
            moved = part.assign(org_level=level, org_code=part["org_code"].map(above[level]))
            rows.append(row_of.get_indexer(pd.MultiIndex.from_frame(moved[CELL_KEY])))
            columns.append(part["variable"].to_numpy())
    row, column = np.concatenate(rows), np.concatenate(columns)
    return sparse.csr_array(
        (np.ones(len(row), dtype=np.int64), (row, column)), shape=(len(cells), len(finest))
    )


SumRule = tuple[pd.DataFrame, float]  # (rule, variable, weight) rows; lower bound of each rule (upper is 0)


def _breakdowns_sum_alike(finest: pd.DataFrame, membership: pd.DataFrame) -> SumRule:
    """In a PCN, each breakdown adds up to the same total as the PCN's practices."""
    broken = finest[finest["breakdown_type"] != "all"].assign(weight=1)
    practices = finest[finest["org_level"] == "practice"]
    practices = practices.assign(org_code=_pcn_of(practices, membership), weight=-1)
    sums = broken[["indicator_id", "org_code", "breakdown_type"]].drop_duplicates()
    totals = practices.drop(columns="breakdown_type").merge(sums, on=["indicator_id", "org_code"])
    both = pd.concat([broken, totals], ignore_index=True)
    both["rule"] = both.groupby(["indicator_id", "org_code", "breakdown_type"]).ngroup()
    return both[["rule", "variable", "weight"]], 0.0


def _dispositions_sum(finest: pd.DataFrame) -> SumRule:
    """Everybody placed has exactly one disposition."""
    name = finest["indicator_id"]
    parts = finest[name.isin([f"disposition_{d}" for d in DISPOSITIONS])].assign(weight=1)
    whole = finest[name == COHORTS["placed"]].assign(weight=-1)
    both = pd.concat([parts, whole], ignore_index=True)
    both["rule"] = both.groupby(_PLACE).ngroup()
    return both[["rule", "variable", "weight"]], 0.0


def _parts(finest: pd.DataFrame) -> SumRule:
    """Where an indicator counts part of what another counts, it is no larger, in any cell.

    Only where that holds of the true counts in every cell: what is false cannot help a reader.
    """
    part_of = indicators()["part_of"]
    parts = finest.assign(whole=finest["indicator_id"].map(part_of))
    pairs = parts.merge(finest, left_on=["whole", *_PLACE], right_on=CELL_KEY, suffixes=("_part", "_whole"))
    broken = set(pairs.loc[pairs["n_part"] > pairs["n_whole"], "indicator_id_part"])
    pairs = pairs[~pairs["indicator_id_part"].isin(broken)]
    return _pairs(pairs["variable_part"], pairs["variable_whole"]), -np.inf


def _same_as_earlier(finest: pd.DataFrame) -> SumRule:
    """A finest cell published alike in both revisions counts the same."""
    named = finest.assign(later=finest["indicator_id"].str.removeprefix(EARLIER))
    earlier = named[named["indicator_id"] != named["later"]]
    shown = ["lower", "upper", "hidden"]
    pairs = named.merge(earlier, left_on=[*CELL_KEY, *shown], right_on=["later", *_PLACE, *shown])
    return _pairs(pairs["variable_x"], pairs["variable_y"]), 0.0


def _pairs(plus: pd.Series, minus: pd.Series) -> pd.DataFrame:
    rule = np.arange(len(plus))
    return pd.DataFrame(
        {
            "rule": np.concatenate([rule, rule]),
            "variable": np.concatenate([plus, minus]),
            "weight": np.repeat([1, -1], len(plus)),
        }
    )


def _stack(rules: Iterable[SumRule], width: int) -> tuple[sparse.csr_array, Floats]:
    """All rules as one matrix (rules x finest) and their lower bounds."""
    frames, lower, height = [], [np.empty(0)], 0
    for rows, bound in rules:
        count = int(rows["rule"].max()) + 1 if len(rows) else 0
        frames.append(rows.assign(rule=rows["rule"] + height))
        lower.append(np.full(count, bound))
        height += count
    long = pd.concat(frames, ignore_index=True).astype("int64")
    place = (long["rule"].to_numpy(), long["variable"].to_numpy())
    return sparse.csr_array((long["weight"].to_numpy(), place), shape=(height, width)), np.concatenate(lower)
