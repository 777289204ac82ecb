"""Readings that cannot be, practices that differ, and deaths of people whose records go on."""

from __future__ import annotations

import pytest

from copd_strat.clinical.build import NamedDead, ReadingQuality
from copd_strat.quality.plausible_facts import dead_findings, reading_findings


def readings(
    count: int, impossible: int, *, usual: bool | None = True, **practices: tuple[int, int]
) -> ReadingQuality:
    return ReadingQuality(
        measure="spo2", readings=count, impossible=impossible, usual=usual, practices=practices
    )


def found(*measured: ReadingQuality) -> list[tuple[str, str, str]]:
    return [(one.cause, one.subject, one.weight) for one in reading_findings(measured)]


@pytest.mark.parametrize(
    ("count", "impossible", "weight"),
    [
        (20, 10, "stop"),
        (19, 10, "warn"),
        (19, 9, None),
        (200, 10, "warn"),
        (201, 10, None),
        (100, 9, None),
        (1000, 499, "warn"),
        (1000, 500, "stop"),
    ],
)
def test_readings_outside_what_can_be(count: int, impossible: int, weight: str | None) -> None:
    assert found(readings(count, impossible)) == ([("readings cannot be", "spo2", weight)] if weight else [])


@pytest.mark.parametrize(
    ("count", "usual", "told"), [(20, False, True), (19, False, False), (20, None, False), (20, True, False)]
)
def test_a_middle_reading_that_no_group_has_is_told(count: int, usual: bool | None, told: bool) -> None:
    cause = ("readings seem to be of another unit", "spo2", "warn")
    assert found(readings(count, 0, usual=usual)) == ([cause] if told else [])


@pytest.mark.parametrize(
    ("practice", "told"), [((10, 5), True), ((9, 9), False), ((10, 4), False), ((400, 5), False)]
)
def test_a_practice_that_differs_is_told(practice: tuple[int, int], told: bool) -> None:
    cause = ("readings of one practice cannot be", "spo2, A81001", "warn")
    assert found(readings(1000, 5, A81001=practice)) == ([cause] if told else [])


def test_practices_are_not_told_one_by_one_where_all_are_alike() -> None:
    everywhere = readings(30, 30, A81001=(15, 15), A81002=(15, 15))
    assert found(everywhere) == [("readings cannot be", "spo2", "stop")]
    assert found(readings(15, 12, A81001=(15, 12))) == [("readings cannot be", "spo2", "warn")]


@pytest.mark.parametrize(
    ("named", "later", "stops"), [(49, 10, True), (50, 10, False), (20, 9, False), (0, 0, False)]
)
def test_deaths_of_people_whose_records_go_on(named: int, later: int, stops: bool) -> None:
    findings = list(dead_findings(NamedDead(named=named, with_later_records=later)))
    assert [(one.subject, one.weight) for one in findings] == (
        [("deaths.patient_id", "stop")] if stops else []
    )
