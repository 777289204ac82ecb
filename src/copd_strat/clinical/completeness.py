"""Until which day is a source complete? Estimated from its volume (docs/decisions.md §2).

Two signs are used. A source with enough records a day is complete up to the last day that holds at
least half of what the same weekday usually holds: a cut extract, a half-loaded last day and a tail of late
coding all fall below it. A sparse source gives no such sign; there only a silence too long for chance tells
that something is missing. All thresholds are project choices; a site that knows its dates gives them in the
configuration.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, timedelta
from statistics import median

WEEKS_COMPARED = 52
FEWEST_WEEKS = 8
FEWEST_RECORDS_A_DAY = 5
COMPLETE_SHARE = 0.5
CHANCE_OF_SILENCE = 0.01


def last_complete_day(volume: Mapping[date, int]) -> date | None:
    """The last day with at least half the usual volume of its weekday; None for a source too sparse."""
    if not volume:
        return None
    first, last = min(volume), max(volume)
    for back in range((last - first).days + 1):
        day = last - timedelta(days=back)
        usual = _usual_volume(volume, day, first)
        if usual >= FEWEST_RECORDS_A_DAY and volume.get(day, 0) >= COMPLETE_SHARE * usual:
            return day
    return None


def _usual_volume(volume: Mapping[date, int], day: date, first: date) -> float:
    earlier = [day - timedelta(weeks=week) for week in range(1, WEEKS_COMPARED + 1)]
    counts = [volume.get(same_weekday, 0) for same_weekday in earlier if same_weekday >= first]
    return median(counts) if len(counts) >= FEWEST_WEEKS else 0.0


def gp_complete_to(volume: Mapping[date, int], as_of: date) -> date:
    """Last complete day of the GP extract; the run date where there are no events at all."""
    return last_complete_day(volume) or max(volume, default=as_of)


def hospital_complete_to(volume: Mapping[date, int], gp_complete: date) -> date | None:
    """Last complete day of hospital records; None where there are none.

    A sparse source counts as complete to ``gp_complete`` unless its silence since the last record would be
    a chance of less than 1 in 100 at its own rate.
    """
    if not volume:
        return None
    if judged := last_complete_day(volume):
        return judged
    last, span = max(volume), (gp_complete - min(volume)).days
    silence = (gp_complete - last).days
    if silence <= 0:
        return last
    chance = math.exp(-sum(volume.values()) * silence / span)
    return last if chance < CHANCE_OF_SILENCE else gp_complete
