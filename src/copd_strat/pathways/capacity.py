"""Rank within a practice, and who gets one of the month's places.

A place given this month stays with its holder, and counts as used also when the holder has moved to another
list. It is free again if the holder left the register, declined or is not listed any more. People already in
the clinic's hands take no new place. A calendar month starts with all places free.
"""

from __future__ import annotations

from datetime import date
from math import ceil

import numpy as np
import numpy.typing as npt
import pandas as pd

from copd_strat.pathways.conditions import evaluate
from copd_strat.pathways.fact_columns import Days, Facts, Floats, Objects, day, known, objects
from copd_strat.pathways.judging import Judgement
from copd_strat.pathways.policy import Capacity, Policy, Ranking
from copd_strat.pathways.previous_night import PreviousState

Positions = npt.NDArray[np.intp]


def rank_order(frame: pd.DataFrame, facts: Facts, disposition: Objects, policy: Policy) -> Positions:
    """Row positions, best first; rank and places follow this one order, whatever the order of the input."""
    ranking = policy.ranking
    keys: list[npt.NDArray[np.generic]] = [frame["patient_ref"].to_numpy(dtype=str)]
    keys += [-_lowest_if_missing(facts.numbers(column)) for column in reversed(ranking.then_by)]
    score = facts.numbers(ranking.by) if ranking.by else np.full(len(facts), np.nan)
    groups = pd.Series(capacity_groups(frame, policy.capacity)) + "\x1f" + pd.Series(disposition)
    keys += [np.isnan(score), -_level(score, ranking, facts, groups)]
    return np.lexsort(keys)


def _lowest_if_missing(values: Floats) -> Floats:
    return np.where(np.isnan(values), -np.inf, values)


def _level(score: Floats, ranking: Ranking, facts: Facts, groups: pd.Series[str]) -> Floats:
    """The score; without one, that of the last scored patient alike in the group (docs/decisions.md §18)."""
    if ranking.like is None:
        return _lowest_if_missing(score)
    like = evaluate(ranking.like, facts).yes
    lowest_alike = pd.Series(np.where(like, score, np.nan)).groupby(groups).transform("min").to_numpy()
    beside = np.where(np.isnan(lowest_alike), np.inf, lowest_alike)
    return np.where(np.isnan(score), np.where(like, beside, -np.inf), score)


def ranks(frame: pd.DataFrame, disposition: Objects, order: Positions) -> npt.NDArray[np.int64]:
    """1, 2, 3 … within practice and disposition."""
    ordered = pd.DataFrame({"practice": frame["practice_id"].to_numpy(dtype=object), "in": disposition}).iloc[
        order
    ]
    rank = np.empty(len(frame), dtype=np.int64)
    rank[order] = ordered.groupby(["practice", "in"], sort=False).cumcount().to_numpy() + 1
    return rank


def capacity_groups(frame: pd.DataFrame, capacity: Capacity) -> Objects:
    """Who shares places: the practice, or the wider organisation; a practice without one stands alone."""
    practice = frame["practice_id"].to_numpy(dtype=object)
    if capacity.per not in frame:
        return practice
    shared = objects(frame[capacity.per])
    return np.where(~known(shared), practice, shared)


def places_of_each(groups: pd.Series[str], capacity: Capacity) -> pd.Series[int]:
    """Places a month of every row's group, from the people on its register (the rows of ``groups``).

    A rate is rounded up: a clinic has whole places, and a small register still needs one to look at people
    (docs/decisions.md §47).
    """
    register = groups.value_counts()
    if capacity.places_per_1000 is None:
        places = dict.fromkeys(register.index, capacity.places)
    else:
        # rounded first, so that 60 per 1,000 of 50 people are 3 places and not 3.0000000000000004
        due = {name: ceil(round(capacity.places_per_1000 * n / 1000, 9)) for name, n in register.items()}
        places = {name: max(number, capacity.at_least) for name, number in due.items()}
    return groups.map(places | dict(capacity.exceptions)).astype("int64")


def give_places(
    frame: pd.DataFrame,
    judgement: Judgement,
    before: PreviousState,
    order: Positions,
    capacity: Capacity,
    as_of: date,
) -> tuple[Objects, Days]:
    """``clinic``, ``reserve`` or None for each row, and the day this month's place was given."""
    clinic = judgement.is_in("clinic")
    given = before.known_here & _in_month(before.place_given_on, as_of)
    keeps = clinic & given
    used = given & judgement.is_in("clinic", "self_management", "clinical_review")
    groups = pd.Series(capacity_groups(frame, capacity))
    free = places_of_each(groups, capacity) - pd.Series(used).groupby(groups).transform("sum")
    waiting = clinic & ~keeps & ~judgement.in_hand
    queue = pd.Series(waiting).iloc[order]
    turn = queue.groupby(groups.iloc[order]).cumsum().sort_index()
    gets = waiting & (turn <= free).to_numpy()
    place = np.select([keeps | gets, waiting], ["clinic", "reserve"], default="").astype(object)
    place[place == ""] = None
    given_on = np.where(gets, day(as_of), np.where(used, before.place_given_on, np.datetime64("NaT", "D")))
    return place, given_on


def _in_month(days: Days, as_of: date) -> npt.NDArray[np.bool_]:
    return np.asarray(days.astype("datetime64[M]") == day(as_of).astype("datetime64[M]"))
