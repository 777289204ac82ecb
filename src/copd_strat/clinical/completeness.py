"""Until which day is a source complete? Estimated from its volume (docs/decisions.md §2, §43).

A source with enough records is complete up to the last day, week or four weeks with at least half of the
usual volume: a cut extract, a half-loaded last day and a tail of late coding all fall below it. A source too
sparse even for that gives no such sign; there only a silence too long for chance tells that something is
missing. An estimate far behind the source's latest record contradicts it: then nothing is known, and the
site has to say. All thresholds are project choices; a site that knows its dates gives them in the
configuration.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import takewhile
from statistics import fmean, median, pvariance
from typing import Literal

FEWEST_RECORDS = 5
COMPLETE_SHARE = 0.5
CHANCE_OF_SILENCE = 0.01
# An estimate further behind the latest record is not used (docs/decisions.md §43).
MAX_DAYS_BEHIND_LATEST = 183
# A practice or provider this far behind its source has fallen silent: more than a month and a half, and by more
# than so many standard deviations of its own weeks. Small practices have busy clinics and quiet months.
SILENT_DAYS = 42
CHANCE_OF_LULL = 3.0

Volume = Mapping[date, int]
Method = Literal[
    "given",
    "told by the source",
    "by day",
    "by week",
    "by four weeks",
    "no silence beyond chance",
    "last record",
    "none",
]


@dataclass(frozen=True)
class Grain:
    """A length of time that volumes are compared by: ``days`` long, against ``compared`` earlier ones."""

    method: Method
    days: int
    apart: int
    compared: int
    fewest: int


# A day is compared with the same day of the weeks before; a year is looked back.
GRAINS = (
    Grain("by day", days=1, apart=7, compared=52, fewest=8),
    Grain("by week", days=7, apart=7, compared=52, fewest=8),
    Grain("by four weeks", days=28, apart=28, compared=13, fewest=5),
)
CERTAINTY: dict[Method, str] = {
    "given": "given by the site",
    "told by the source": "told by the source",
    "by day": "high",
    "by week": "moderate",
    "by four weeks": "low",
    "no silence beyond chance": "low",
    "last record": "low",
    "none": "not known",
}


@dataclass(frozen=True, kw_only=True)
class Completeness:
    """How far one source, practice or provider is complete, and how that was found out.

    ``complete_to`` is None where it is not known: no records (``latest_record`` None), or an estimate that
    the source's own latest record contradicts. ``name``: a canonical table, a practice or a trust.
    """

    name: str
    complete_to: date | None
    method: Method
    latest_record: date | None

    @property
    def certainty(self) -> str:
        return CERTAINTY[self.method]


def given(name: str, day: date, volume: Volume) -> Completeness:
    """What the site says is what counts."""
    return Completeness(name=name, complete_to=day, method="given", latest_record=max(volume, default=None))


def told(name: str, last_days: Iterable[date], volume: Volume) -> Completeness | None:
    """What the source says of its practices: complete to the day that all of them reach.

    Practices that end long before the latest one left the source, and say nothing of the others.
    """
    days = list(last_days)
    reached = [day for day in days if (max(days) - day).days <= MAX_DAYS_BEHIND_LATEST]
    if not reached:
        return None
    latest = max(volume, default=None)
    return Completeness(
        name=name, complete_to=min(reached), method="told by the source", latest_record=latest
    )


def estimate(
    name: str, volume: Volume, *, quiet_to: date | None = None, grains: tuple[Grain, ...] = GRAINS
) -> Completeness:
    """How far a source with ``volume`` (records a day) is complete.

    ``quiet_to``: where another source shows that time went on, a source too sparse to judge is complete to
    that day unless its silence since its last record would be a chance of less than 1 in 100 at its rate.
    """
    if not volume:
        return Completeness(name=name, complete_to=None, method="none", latest_record=None)
    latest = max(volume)
    judged = [(grain, day) for grain in grains if (day := last_complete_day(volume, grain))]
    near = [(grain, day) for grain, day in judged if (latest - day).days <= MAX_DAYS_BEHIND_LATEST]
    # the finest grain that the volume of the end still bears: a source may have thinned out
    borne = [(grain, day) for grain, day in near if _is_borne(volume, grain)]
    if near:
        grain, day = (borne or near)[0]
        return Completeness(name=name, complete_to=day, method=grain.method, latest_record=latest)
    if judged:
        return Completeness(name=name, complete_to=None, method="none", latest_record=latest)
    method, day = _of_sparse_source(volume, quiet_to or latest)
    return Completeness(name=name, complete_to=day, method=method, latest_record=latest)


def _is_borne(volume: Volume, grain: Grain) -> bool:
    """Whether the usual volume of the last stretches is still enough to judge by this grain."""
    totals, first, last = _totals(volume, grain), min(volume), max(volume)
    ends = (last - timedelta(days=back) for back in range(0, grain.apart, grain.days))
    return any(_usual_volume(totals, end, first, grain) >= FEWEST_RECORDS for end in ends)


def last_complete_day(volume: Volume, grain: Grain) -> date | None:
    """The last record of the last stretch with at least half the usual volume; None if there is none."""
    first, last = min(volume), max(volume)
    totals = _totals(volume, grain)
    for back in range(0, (last - first).days + 1, grain.days):
        day = last - timedelta(days=back)
        usual = _usual_volume(totals, day, first, grain)
        if usual >= FEWEST_RECORDS and totals.get(day, 0) >= COMPLETE_SHARE * usual:
            # a stretch may hold enough and end before its last day
            return max(recorded for recorded in volume if recorded <= day)
    return None


def _totals(volume: Volume, grain: Grain) -> dict[date, int]:
    """Records of each stretch of the grain's length, counted back from the last day, by its own last day."""
    last = max(volume)
    totals: dict[date, int] = {}
    for day, records in volume.items():
        end = last - timedelta(days=(last - day).days // grain.days * grain.days)
        totals[end] = totals.get(end, 0) + records
    return totals


def _usual_volume(totals: Volume, day: date, first: date, grain: Grain) -> float:
    earlier = list(takewhile(lambda end: end >= first, _earlier(day, grain)))
    return median(totals.get(end, 0) for end in earlier) if len(earlier) >= grain.fewest else 0.0


def _earlier(day: date, grain: Grain) -> Iterator[date]:
    return (day - timedelta(days=grain.apart * step) for step in range(1, grain.compared + 1))


def _of_sparse_source(volume: Volume, quiet_to: date) -> tuple[Method, date]:
    first, last = min(volume), max(volume)
    silence, span = (quiet_to - last).days, (quiet_to - first).days
    if silence <= 0:
        return "last record", last
    chance = math.exp(-sum(volume.values()) * silence / span)
    if chance < CHANCE_OF_SILENCE:
        return "last record", last
    return "no silence beyond chance", quiet_to


def silent(units: Mapping[str, Volume], source_complete_to: date) -> tuple[Completeness, ...]:
    """Practices or providers that end long before their source, or of which nothing is known.

    ``units``: records a week. Only units with volume enough to be judged by the week or by four weeks.
    """
    found = ((estimate(name, volume, grains=GRAINS[1:]), volume) for name, volume in sorted(units.items()))
    return tuple(
        unit
        for unit, volume in found
        if unit.method not in ("no silence beyond chance", "last record")
        and (unit.complete_to is None or _has_stopped(volume, unit.complete_to, source_complete_to))
    )


def _has_stopped(volume: Volume, complete_to: date, source_complete_to: date) -> bool:
    """Whether the records since ``complete_to`` are fewer than a lull would leave, as weeks vary in this unit."""
    weeks_behind = (source_complete_to - complete_to).days / 7
    if weeks_behind * 7 <= SILENT_DAYS:
        return False
    first = min(volume)
    weeks = range((complete_to - first).days // 7 + 1)
    earlier = [volume.get(first + timedelta(days=7 * week), 0) for week in weeks]
    rate = fmean(earlier)
    expected = rate * weeks_behind
    spread = max(1.0, pvariance(earlier) / rate)
    seen = sum(records for day, records in volume.items() if day > complete_to)
    return expected - seen > CHANCE_OF_LULL * math.sqrt(spread * expected)
