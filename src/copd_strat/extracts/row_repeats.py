"""Rows that repeat another, counted exactly in bounded memory: hashes are sorted in runs on disk and merged.

Two rows are the same if the 64-bit hashes of their typed columns are; in a billion rows the chance that any two
others meet is one in forty.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]
Lines = NDArray[np.int64]

Number = TypeVar("Number", np.uint64, np.int64)

# So many hashes are sorted, or compared, at a time: 32 MB.
_AT_A_TIME = 1 << 22
# Repeated hashes whose rows are looked for together, so that all rows are read once and not for each part of them.
_REPEATED_AT_A_TIME = 1 << 20
# Most hashes are told from repeated ones by their last bits.
_LAST_BITS = np.uint64((1 << 24) - 1)


@dataclass(kw_only=True)
class RowHashes:
    """The hashes of a table's rows, file by file in the order of lines; they lie in ``folder``."""

    folder: Path
    rows: list[int] = field(default_factory=list)
    _runs: list[Path] = field(default_factory=list)
    _waiting: list[Hashes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True)

    def add_file(self, batches: Iterable[tuple[Hashes, Lines | None]]) -> None:
        """The next file's hashes and their lines; None for lines that follow each other from 1 on."""
        place, rows = len(self.rows), 0
        with self._hashes_of(place).open("wb") as hashes, self._lines_of(place).open("wb") as lines:
            for hashed, numbers in batches:
                hashed.tofile(hashes)
                if numbers is not None:
                    numbers.tofile(lines)
                self._waiting.append(hashed)
                rows += len(hashed)
                if sum(map(len, self._waiting)) >= _AT_A_TIME:
                    self._write_run()
        self.rows.append(rows)

    def repeats(self) -> Iterator[tuple[Lines, Lines]]:
        """Files (numbered from 0) and lines of the rows that repeat one before them, a part at a time."""
        self._write_run()
        for twice in self._repeated():
            yield self._later_ones(twice)

    def _hashes_of(self, place: int) -> Path:
        return self.folder / f"{place:05d}.hashes"

    def _lines_of(self, place: int) -> Path:
        return self.folder / f"{place:05d}.lines"

    def _write_run(self) -> None:
        if self._waiting:
            run = self.folder / f"{len(self._runs):05d}.run"
            np.sort(np.concatenate(self._waiting)).tofile(run)
            self._runs.append(run)
            self._waiting = []

    def _repeated(self) -> Iterator[Hashes]:
        """Hashes that stand more than once, in lots of about ``_REPEATED_AT_A_TIME`` that share none."""
        lot: list[Hashes] = []
        for together in self._in_parts():
            lot.append(np.unique(together[1:][together[1:] == together[:-1]]))
            if sum(map(len, lot)) >= _REPEATED_AT_A_TIME:
                yield np.concatenate(lot)
                lot = []
        if any(map(len, lot)):
            yield np.concatenate(lot)

    def _in_parts(self) -> Iterator[Hashes]:
        """All hashes, sorted, a part at a time."""
        parts = max(1, -(-sum(self.rows) // _AT_A_TIME))
        # A hash is as likely to be of any size: parts of equal width hold about equally many.
        edges = [np.uint64((part << 64) // parts) for part in range(1, parts)]
        starts = []
        for path in self._runs:
            run = _read(path, np.uint64)
            starts.append(np.concatenate(([0], np.searchsorted(run, edges), [len(run)])))
        for part in range(parts):
            some = [
                _read(path, np.uint64, start[part], start[part + 1] - start[part])
                for path, start in zip(self._runs, starts, strict=True)
            ]
            yield np.sort(np.concatenate(some)) if some else np.empty(0, np.uint64)

    def _later_ones(self, twice: Hashes) -> tuple[Lines, Lines]:
        """Of the rows whose hashes are in ``twice``, which is sorted: all but the first of each."""
        likely = np.zeros(int(_LAST_BITS) + 1, dtype=bool)
        likely[twice & _LAST_BITS] = True
        found: list[tuple[Lines, Lines, Lines]] = []
        for place, rows in enumerate(self.rows):
            for start in range(0, rows, _AT_A_TIME):
                some = _read(self._hashes_of(place), np.uint64, start, _AT_A_TIME)
                at = np.flatnonzero(likely[some & _LAST_BITS])
                which = np.searchsorted(twice, some[at])
                same = twice[np.minimum(which, len(twice) - 1)] == some[at]
                at, which = at[same], which[same]
                lines = _read(self._lines_of(place), np.int64, start, _AT_A_TIME)
                found.append((which, np.full(len(at), place), lines[at] if len(lines) else at + start + 1))
        which, files, numbers = (np.concatenate(column) for column in zip(*found, strict=True))
        order = np.lexsort((numbers, files, which))
        first = np.concatenate(([True], which[order][1:] != which[order][:-1]))
        later = order[~first]
        return files[later], numbers[later]


def _read(path: Path, kind: type[Number], start: int = 0, count: int = -1) -> NDArray[Number]:
    """Numbers of a file from the ``start``-th on: read and not mapped, since what is mapped stays in memory."""
    return np.fromfile(path, dtype=kind, count=count, offset=start * np.dtype(kind).itemsize)
