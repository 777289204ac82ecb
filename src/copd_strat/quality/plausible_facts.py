"""Can readings and deaths be what they say? Judged from tonight's facts alone (docs/decisions.md §61)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from copd_strat.quality.findings import Finding, Weight
from copd_strat.quality.gate_rules import DEATHS_ARE_THEIRS, READINGS_CAN_BE

# Of a measure's readings (project choices): a fraction that was sent as per cent, litres as millilitres.
WARN_IMPOSSIBLE, FEWEST_TO_WARN = 0.05, 10
STOP_IMPOSSIBLE, FEWEST_TO_STOP = 0.5, 20
# One practice whose readings are impossible, where the others' are not.
PRACTICE_IMPOSSIBLE, FEWEST_OF_A_PRACTICE = 0.5, 10
# Of those whom the register of deaths names: ids of other people.
MAX_LIVING_DEAD, FEWEST_LIVING_DEAD = 0.2, 10


class Readings(Protocol):
    """Readings of one measure and those that cannot be (``clinical.ReadingQuality``)."""

    @property
    def measure(self) -> str: ...
    @property
    def readings(self) -> int: ...
    @property
    def impossible(self) -> int: ...
    @property
    def usual(self) -> bool | None: ...
    @property
    def practices(self) -> Mapping[str, tuple[int, int]]: ...


class DeadWithRecords(Protocol):
    """Whom the register of deaths names, and whose records go on (``clinical.NamedDead``)."""

    @property
    def named(self) -> int: ...
    @property
    def with_later_records(self) -> int: ...


def reading_findings(readings: Sequence[Readings]) -> Iterator[Finding]:
    """Measures of which too many readings cannot be, or whose middle reading cannot; practices that differ."""
    for one in readings:
        weight = _weight(one)
        if weight:
            yield _reading_finding(
                one,
                "readings cannot be",
                weight,
                f"{one.impossible:,} of {one.readings:,} readings of {one.measure} are outside what can be"
                f" ({one.impossible / one.readings:.0%}), as where a fraction is sent as per cent or a number in"
                " another unit than it says",
            )
        elif one.usual is False and one.readings >= FEWEST_TO_STOP:
            yield _reading_finding(
                one,
                "readings seem to be of another unit",
                "warn",
                f"half of {one.readings:,} readings of {one.measure} lie where those of no group of people do, as"
                " where pounds are sent as kilograms",
            )
        if weight != "stop":
            yield from _practice_findings(one)


def _weight(one: Readings) -> Weight | None:
    share = one.impossible / one.readings if one.readings else 0.0
    if share >= STOP_IMPOSSIBLE and one.readings >= FEWEST_TO_STOP:
        return "stop"
    return "warn" if share >= WARN_IMPOSSIBLE and one.impossible >= FEWEST_TO_WARN else None


def _practice_findings(one: Readings) -> Iterator[Finding]:
    """Practices most of whose readings cannot be, while most of all other practices' can."""
    for practice, (readings, impossible) in one.practices.items():
        others, others_impossible = one.readings - readings, one.impossible - impossible
        differs = others > 0 and others_impossible < PRACTICE_IMPOSSIBLE * others
        if readings >= FEWEST_OF_A_PRACTICE and impossible >= PRACTICE_IMPOSSIBLE * readings and differs:
            yield _reading_finding(
                one,
                "readings of one practice cannot be",
                "warn",
                f"{impossible:,} of {readings:,} readings of {one.measure} of practice {practice} are outside what"
                f" can be, {others_impossible:,} of {others:,} of all others: the practice seems to send another"
                " unit than it says",
                practice=practice,
            )


def _reading_finding(one: Readings, cause: str, weight: Weight, told: str, practice: str = "") -> Finding:
    return Finding(
        cause=cause,
        subject=f"{one.measure}, {practice}" if practice else one.measure,
        weight=weight,
        sentence=f"gp_events, column value: {told}",
        fix=READINGS_CAN_BE.fix,
        figures={"readings": one.readings, "impossible": one.impossible},
        codes=(READINGS_CAN_BE.code,),
    )


def dead_findings(dead: DeadWithRecords) -> Iterator[Finding]:
    """People whom the register of deaths names, and whose records go on as if they lived."""
    many = dead.with_later_records > MAX_LIVING_DEAD * dead.named
    if dead.with_later_records >= FEWEST_LIVING_DEAD and many:
        yield Finding(
            cause="deaths seem to be other people's",
            subject="deaths.patient_id",
            weight="stop",
            sentence=f"deaths, column patient_id: of {dead.named:,} people with COPD whom the register of deaths"
            f" names, {dead.with_later_records:,} have records more than 60 days after it: the ids of the deaths"
            " may belong to other people",
            fix=DEATHS_ARE_THEIRS.fix,
            figures={"named": dead.named, "with_later_records": dead.with_later_records},
            codes=(DEATHS_ARE_THEIRS.code,),
        )
