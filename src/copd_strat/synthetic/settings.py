"""What a synthetic care system is told, and what it reports."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class SyntheticSettings:
    """A care system of invented people; the same settings give the same bytes.

    ``register`` is the number of people a correct reading finds on the COPD register at ``end``,
    the GP records' last complete day. Hospital records stop ``hospital_lag_days`` earlier.
    """

    seed: int = 1
    practices: int = 30
    register: int = 6000
    others: int | None = None
    years: int = 5
    end: date = date(2026, 10, 31)
    hospital_lag_days: int = 14
    layout: str = "native"

    @property
    def other_people(self) -> int:
        """People without COPD; one and a half for each on the register unless told otherwise."""
        return self.others if self.others is not None else self.register * 3 // 2

    @property
    def end_day(self) -> int:
        """``end`` in days since 1 January 1970, the simulator's clock."""
        return (self.end - date(1970, 1, 1)).days

    @property
    def start_day(self) -> int:
        return self.end_day - round(self.years * 365.25)

    @property
    def hospital_end_day(self) -> int:
        return self.end_day - self.hospital_lag_days


@dataclass(frozen=True, kw_only=True)
class SyntheticReport:
    """What was written: ``rows`` by canonical table, and where."""

    extracts: Path
    truth: Path
    layout: str
    register: int
    people: int
    rows: dict[str, int]
    files: tuple[Path, ...]
