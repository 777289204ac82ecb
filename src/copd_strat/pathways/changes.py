"""What is different from last time: new, up, down, left and why."""

from __future__ import annotations

from collections.abc import Set

import numpy as np
import pandas as pd

from copd_strat.pathways.fact_columns import Objects, object_array, objects
from copd_strat.pathways.policy import LISTED
from copd_strat.pathways.previous_night import PreviousState

CHANGE_COLUMNS = ("practice_id", "patient_ref", "patient_id", "kind", "change", "was", "now", "why")
TIER = {"clinic": "clinic", "clinical_review": "review", "self_management": "app", "not_listed": "not listed"}
FIRST_NIGHT = "first"
_HEIGHT = {"not_listed": 0, "self_management": 1, "clinical_review": 2, "clinic": 3}


def change_words(frame: pd.DataFrame, earlier: PreviousState, left_for: Objects) -> Objects:
    """``new``, ``up from app``, ``down to app``, ``up from reserve``, ``left: declined``, ``unchanged`` …

    ``frame`` has disposition and place; ``left_for`` says why somebody is not listed.
    """
    now = frame["disposition"].to_numpy(dtype=object)
    was = earlier.was.copy()
    was[~earlier.known_here] = None
    before, after = _heights(was), _heights(now)
    place = objects(frame["place"])
    moved_place = earlier.known_here & (was == now) & np.not_equal(earlier.place, place).astype(bool)
    words: Objects = np.select(
        [
            ~earlier.known_here,
            (now == "not_listed") & (was != now),
            after > before,
            after < before,
            moved_place & (earlier.place == "reserve") & (place == "clinic"),
            moved_place & (earlier.place == "clinic") & (place == "reserve"),
        ],
        [
            "new",
            "left: " + left_for,
            "up from " + _tiers(was),
            "down to " + _tiers(now),
            "up from reserve",
            "down to reserve",
        ],
        default="unchanged",
    ).astype(object)
    return words


def _heights(dispositions: Objects) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    return np.array([_HEIGHT.get(d, -1) for d in dispositions], dtype=np.int64)


def _tiers(dispositions: Objects) -> Objects:
    return object_array([TIER.get(d, "") for d in dispositions])


def diff(
    previous: pd.DataFrame | None,
    current: pd.DataFrame,
    left: pd.DataFrame | None = None,
    moved: Set[str] = frozenset(),
) -> pd.DataFrame:
    """The changes between two runs, one row a patient who moved, won or lost a place, columns as in CHANGE_COLUMNS.

    ``previous`` is a history frame or None; ``current`` has patient_id, practice_id, patient_ref, disposition
    and, if it comes from ``assign``, change and why_1. ``left`` (patient_id, reason) says why people left the
    register; ``moved`` are patients who are with another practice, whether ``current`` holds them or not. A
    practice that the last run did not know gets one line for all its people: nobody reads 159
    lines that say "new".
    """
    shifted, first = _first_night(_shifted(previous, current), previous)
    gone = _gone(previous, current, left, moved)
    both = pd.concat([shifted, first, gone], ignore_index=True)[list(CHANGE_COLUMNS)].astype("str")
    return both.sort_values(["practice_id", "kind", "patient_ref"], ignore_index=True)


def _shifted(previous: pd.DataFrame | None, current: pd.DataFrame) -> pd.DataFrame:
    keys = ["patient_id", "practice_id"]
    now = current.reindex(columns=[*keys, "patient_ref", "disposition", "change", "why_1"]).astype(object)
    now = now.rename(columns={"disposition": "now", "why_1": "why"})
    before = _before(previous)[[*keys, "was"]]
    both = now.merge(before, how="left", on=keys)
    both = both[(both["was"].isin(LISTED) | both["now"].isin(LISTED))]
    both["kind"] = [_kind(*row) for row in zip(both["was"], both["now"], both["change"], strict=True)]
    both["change"] = both["change"].fillna(both["kind"])
    return both[both["kind"] != ""]


def _first_night(shifted: pd.DataFrame, previous: pd.DataFrame | None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """``shifted`` without the practices on their first night, and one line for each of these."""
    unknown = ~shifted["practice_id"].isin(set(_before(previous)["practice_id"]))
    people = shifted[unknown]["practice_id"].value_counts().sort_index()
    lines = {
        "practice_id": people.index,
        "kind": FIRST_NIGHT,
        "change": [f"everybody is new ({number:,})" for number in people],
        "why": "the first lists of this practice",
    }
    return shifted[~unknown], pd.DataFrame(lines, columns=list(CHANGE_COLUMNS), dtype="object")


_PLACES = {"up from reserve": "up", "down to reserve": "down"}


def _kind(was: object, now: object, change: object) -> str:
    if not isinstance(was, str):
        return "new"
    if was == now:
        # who has a place now, or has it no more, is on the same list and has moved all the same
        return _PLACES.get(str(change), "")
    if now == "not_listed":
        return "left"
    return "up" if _HEIGHT[str(now)] > _HEIGHT[was] else "down"


def _before(previous: pd.DataFrame | None) -> pd.DataFrame:
    columns = ["patient_id", "practice_id", "patient_ref", "disposition"]
    frame = pd.DataFrame(columns=columns) if previous is None else previous[columns]
    return frame.astype(object).rename(columns={"disposition": "was"})


def _gone(
    previous: pd.DataFrame | None, current: pd.DataFrame, left: pd.DataFrame | None, moved: Set[str]
) -> pd.DataFrame:
    """Those listed last time who are no longer in the practice; a new practice never sees their old
    reference.
    """
    before = _before(previous)
    here = pd.MultiIndex.from_frame(current[["patient_id", "practice_id"]].astype(object))
    absent = ~pd.MultiIndex.from_frame(before[["patient_id", "practice_id"]]).isin(here)
    gone = before[absent & before["was"].isin(LISTED).to_numpy()].copy()
    reasons = dict(zip(left["patient_id"], left["reason"], strict=True)) if left is not None else {}
    elsewhere = gone["patient_id"].isin(moved | set(current["patient_id"].astype(object)))
    told = gone["patient_id"].map(reasons).astype(object)
    gone["why"] = told.where(told.notna(), np.where(elsewhere, "moved", "no longer on the register"))
    return gone.assign(kind="left", now=None, change="left: " + gone["why"].astype(object))
