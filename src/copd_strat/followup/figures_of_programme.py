"""A figure of the programme, and how shares and medians become one: counted, or not observable, never 0 for want of
a source."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

NOT_OBSERVABLE, COUNTED, NOBODY = "not observable", "counted", "nobody to count among"


@dataclass(frozen=True, kw_only=True)
class ProgrammeFigure:
    """``n`` ``of`` so many people, or a ``value`` with its ``unit``, for the ``group`` of breakdown ``by``.

    All three are None where the status is ``not observable``.
    """

    section: str
    measure: str
    meaning: str
    by: str = ""
    group: str = ""
    n: int | None = None
    of: int | None = None
    value: float | None = None
    unit: str = "people"
    status: str = COUNTED

    @property
    def share(self) -> float | None:
        """n of ``of``, 0 to 1."""
        return self.n / self.of if self.n is not None and self.of else None


def count(section: str, measure: str, meaning: str, which: pd.Series, among: pd.Series) -> ProgrammeFigure:
    """How many of those in ``among`` are in ``which`` too; both one row a person."""
    whole = int(among.sum())
    return ProgrammeFigure(
        section=section,
        measure=measure,
        meaning=meaning,
        n=int((which & among).sum()),
        of=whole,
        status=COUNTED if whole else NOBODY,
    )


def middle(section: str, measure: str, meaning: str, values: pd.Series, unit: str) -> ProgrammeFigure:
    """The median of the values that there are; ``n`` says how many."""
    known = values.dropna()
    return ProgrammeFigure(
        section=section,
        measure=measure,
        meaning=meaning,
        n=len(known),
        value=float(np.median(known.astype(float))) if len(known) else None,
        unit=unit,
        status=COUNTED if len(known) else NOBODY,
    )


def unseen(section: str, measures: Iterable[tuple[str, str]]) -> Iterator[ProgrammeFigure]:
    """The same figures where no source shows them."""
    for measure, meaning in measures:
        yield ProgrammeFigure(section=section, measure=measure, meaning=meaning, status=NOT_OBSERVABLE)
