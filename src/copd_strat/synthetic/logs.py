"""Records gathered chunk by chunk as columns, then cut at each person's last day and sorted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from copd_strat.synthetic.codes import Floats, Ints

Columns = dict[str, npt.NDArray[np.generic]]

UNITS = ("", "L", "ml", "%", "ratio", "score", "kg/m2", "kg", "cm", "mmHg", "/min", "10*9/L", "mmol/mol")


def unit(name: str) -> int:
    """Position of a unit in ``UNITS``."""
    return UNITS.index(name)


class Log:
    """Chunks of one table's columns; scalars are spread over a chunk's rows."""

    def __init__(self, columns: tuple[str, ...]) -> None:
        self.columns = columns
        self._chunks: list[Columns] = []

    def add(self, person: Ints, **values: npt.ArrayLike) -> None:
        """Add rows, one a ``person``; each column given as an array of that length or one value."""
        chunk: Columns = {"person": person}
        for column in self.columns:
            chunk[column] = np.broadcast_to(np.asarray(values[column]), person.shape)
        self._chunks.append(chunk)

    def gathered(self, first_day: Ints, last_day: Ints) -> Columns:
        """Rows between each person's first and last day, by day, person and the rest, once each."""
        names = ("person", *self.columns)
        whole = {name: np.concatenate([chunk[name] for chunk in self._chunks]) for name in names}
        day = whole["day"]
        stays = (day >= first_day[whole["person"]]) & (day <= last_day[whole["person"]])
        whole = {name: column[stays] for name, column in whole.items()}
        rest = [whole[name] for name in reversed(self.columns) if name != "day"]
        order = np.lexsort([*rest, whole["person"], whole["day"]])
        whole = {name: column[order] for name, column in whole.items()}
        return {name: column[_first_of_its_kind(whole)] for name, column in whole.items()}


def _first_of_its_kind(ordered: Columns) -> npt.NDArray[np.bool_]:
    """Rows that differ from the row before (missing values count as alike)."""
    rows = len(ordered["person"])
    differs = np.zeros(rows, dtype=bool)
    differs[:1] = True
    for column in ordered.values():
        both_missing = np.zeros(max(rows - 1, 0), dtype=bool)
        if column.dtype.kind == "f":
            both_missing = np.isnan(column[1:]) & np.isnan(column[:-1])
        differs[1:] |= (column[1:] != column[:-1]) & ~both_missing
    return differs


def event_log() -> Log:
    """GP events: day, position of the code, value (nan where none), position of the unit."""
    return Log(("day", "code", "value", "unit"))


def prescription_log() -> Log:
    """Issues: day, position of the medicine, quantity and duration in days (nan where none)."""
    return Log(("day", "medicine", "quantity", "duration"))


@dataclass(frozen=True)
class Series:
    """Repeated records of some people: ``person`` and ``day``, one entry a record."""

    person: Ints
    day: Ints


def repeated(
    person: Ints, first: Ints, last: Ints, every: Ints | Floats, jitter: int, rng: np.random.Generator
) -> Series:
    """A record of each person from ``first`` to ``last``, ``every`` so many days, give or take ``jitter``."""
    counts = np.maximum(np.floor((last - first) / every).astype(np.int64) + 1, 0)
    repeats = np.repeat(np.arange(len(person)), counts)
    within = np.arange(len(repeats)) - np.repeat(np.cumsum(counts) - counts, counts)
    day = first[repeats] + np.floor(within * np.asarray(every)[repeats]).astype(np.int64)
    if jitter:
        day = day + rng.integers(-jitter, jitter + 1, len(day))
    return Series(person[repeats], day)
