"""The small-number rules: which counts are hidden, how the others are rounded, what that tells a reader.

``hes``: NHS England's rule for hospital statistics below national level (HES disclosure control,
since September 2018): 1 to 7 hidden, everything else to the nearest 5, a true 0 stays 0.
``opensafely``: as OpenSAFELY's researchers do (statistical disclosure control, OpenSAFELY
documentation): 7 or fewer hidden, zeros among them, everything else to the nearest 5.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

SmallNumberRule = Literal["hes", "opensafely"]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

SMALLEST_SHOWN = 8
SDC_METHOD: dict[SmallNumberRule, str] = {
    "hes": "hes_hide_1_to_7_round_5",
    "opensafely": "opensafely_hide_0_to_7_round_5",
}


def is_small(counts: Ints, rule: SmallNumberRule) -> Bools:
    """Which true counts the rule hides."""
    small: Bools = counts < SMALLEST_SHOWN
    return small & (counts > 0) if rule == "hes" else small


def is_protected(counts: Ints) -> Bools:
    """Which true counts nobody may work out: one to seven people or events."""
    return is_small(counts, "hes")


def rounded(counts: Ints) -> Ints:
    """Counts to the nearest 5 (8 to 12 give 10, 13 to 17 give 15; 0 stays 0)."""
    nearest: Ints = 5 * ((counts + 2) // 5)
    return nearest


def bounds_of_shown(published: Ints) -> tuple[Ints, Ints]:
    """Least and greatest true count behind a shown number."""
    lower = np.where(published == 0, 0, np.maximum(published - 2, SMALLEST_SHOWN))
    upper = np.where(published == 0, 0, published + 2)
    return lower.astype(np.int64), upper.astype(np.int64)


def bounds_of_small(rule: SmallNumberRule) -> tuple[int, int]:
    """Least and greatest true count behind a number hidden for being small."""
    return (1 if rule == "hes" else 0), SMALLEST_SHOWN - 1
