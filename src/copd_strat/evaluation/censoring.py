"""People who cannot be followed for the whole time: weights that let the others speak for them.

Somebody who leaves, or whose records end, might still have had an event. Leaving them out, or counting them as
event-free, bends every figure. So each person whose outcome is known is weighted by one over the chance of
having been followed for so long (inverse probability of censoring weights; Graf 1999, Stat Med 18:2529). Death
is no such gap: who has died without an event is known to have had none in the time (a competing event), and
the weighted share of events is then the Aalen-Johansen estimate.
"""

from __future__ import annotations

import numpy as np

from copd_strat.risk.parameters import Flags, Floats


def follow_up_weights(days: Floats, known: Flags) -> Floats:
    """Weights, shape (n,), that add up to n; 0 where the outcome is not ``known``.

    days: followed until the event, death, the horizon, or until the person was lost. known: False for those
    who were lost first. Somebody lost on a day was still followed through that day's events.
    """
    followed = _chance_followed(days, ~known)
    return np.where(known, 1.0 / followed, 0.0)


def _chance_followed(days: Floats, lost: Flags) -> Floats:
    """Each person's Kaplan-Meier chance of not having been lost before their own last day."""
    order = np.argsort(days, kind="stable")
    times, first, place = np.unique(days[order], return_index=True, return_inverse=True)
    lost_then = np.bincount(place, weights=lost[order], minlength=len(times))
    ended_then = np.bincount(place, minlength=len(times)) - lost_then
    at_risk = (
        len(days) - first - ended_then
    )  # whose event, death or horizon is that day is not at risk of loss
    with np.errstate(divide="ignore", invalid="ignore"):
        kept = np.where(lost_then > 0, 1 - lost_then / at_risk, 1.0)
    before = np.concatenate([[1.0], np.cumprod(kept)[:-1]])
    chance = np.empty(len(days))
    chance[order] = before[place]
    return chance
