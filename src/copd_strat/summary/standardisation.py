"""Directly age-sex standardised rates of a financial year, from counts that have passed the small-number rule.

A stratum's counts enter as a reader of a protected table would have them: 0, hidden (taken as 4), or to the
nearest 5. The rate is worked out from these alone, so it can tell nothing that such a table would not; and an age
band is split by sex only where at least 30 events stand in it, as no total below 30 is broken down anywhere.

Sources: European Standard Population 2013 (Eurostat, Revision of the European Standard Population, 2013), summed
over the published age bands; Dobson, Kuulasmaa, Eberle, Scherer 1991, Stat Med 10:457 for the limits. No rate
below 10 events (the rule of public health profiles in England); here 30.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from copd_strat.summary.controls import SMALLEST_BROKEN_DOWN
from copd_strat.summary.rates import Floats, byar
from copd_strat.summary.small_numbers import SMALLEST_SHOWN, Ints, is_protected, rounded

#: Standard people of each published age band (of 100,000 of all ages; the two sexes have the same numbers).
STANDARD_POPULATION = {"35-49": 21_000, "50-59": 13_500, "60-69": 11_500, "70-79": 9_000, "80+": 5_000}
SEXES = ("female", "male")
STANDARDISED = (
    "moderate_exacerbations",
    "severe_exacerbations",
    "copd_emergency_admissions",
    "ed_attendances",
)
#: What a hidden count is taken as: the middle of 1 to 7.
HIDDEN_AS = 4


@dataclass(frozen=True)
class StandardisedRate:
    """A rate per person with Dobson's 95 % limits."""

    value: float
    lower: float
    upper: float


def as_protected(counts: Ints) -> Ints:
    """Counts as a protected table gives them, a hidden one as the middle of what it can be."""
    coded: Ints = np.where(is_protected(counts), HIDDEN_AS, rounded(counts))
    return coded


def standardised_rate(events: Ints, people: Ints) -> StandardisedRate | None:
    """The rate of true counts by age band and sex (bands by sexes), once each has passed the rule.

    None where fewer than 30 events are counted, where too few people are in a band for a rate of its own, or where
    a band has no shown count of events: one hidden count in a small band with a large standard population would
    move the whole rate, and Dobson's limits would not say so.
    """
    shown = np.where(is_protected(events), 0, rounded(events)).sum(axis=1)
    events, people = as_protected(events), as_protected(people)
    few_people, few_events = people.sum(axis=1) < SMALLEST_SHOWN, shown < SMALLEST_SHOWN
    if events.sum() < SMALLEST_BROKEN_DOWN or few_people.any() or few_events.any():
        return None
    x, n, weights = (np.concatenate(parts) for parts in zip(*_strata(events, people), strict=True))
    return direct_rate(x, n, weights)


def _strata(events: Ints, people: Ints) -> list[tuple[Floats, Floats, Floats]]:
    """Events, people and standard people of each band, by sex where the band is large enough for it."""
    found = []
    for x, n, standard in zip(events, people, STANDARD_POPULATION.values(), strict=True):
        if x.sum() >= SMALLEST_BROKEN_DOWN and (n >= SMALLEST_SHOWN).all():
            found.append((x.astype(float), n.astype(float), np.full(len(SEXES), standard / len(SEXES))))
        else:
            found.append(
                (np.array([float(x.sum())]), np.array([float(n.sum())]), np.array([float(standard)]))
            )
    return found


def direct_rate(events: Floats, people: Floats, weights: Floats) -> StandardisedRate:
    """Directly standardised rate of strata, per person, with Dobson's limits; there are events."""
    total = float(events.sum())
    whole = float(weights.sum())
    rate = float((weights * events / people).sum() / whole)
    variance = float((events * (weights / people) ** 2).sum() / whole**2)
    low, high = byar(total)
    scale = np.sqrt(variance / total)
    return StandardisedRate(rate, float(rate + scale * (low - total)), float(rate + scale * (high - total)))
