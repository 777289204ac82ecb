"""PEARL against sums made by hand, point by point, and the published groups."""

from __future__ import annotations

import pytest

from copd_strat.followup.pearl import PearlInputs, group_of, pearl

NOTHING = {
    "admissions": 0,
    "mrc": 3,
    "split": None,
    "age": 70.0,
    "cor_pulmonale": False,
    "heart_failure": False,
}


@pytest.mark.parametrize(
    ("found", "points"),
    [
        ({}, 0),
        ({"admissions": 1}, 0),
        ({"admissions": 2}, 3),
        ({"admissions": 7}, 3),
        ({"mrc": 1}, 0),
        ({"mrc": 4}, 1),
        ({"mrc": 5, "split": "5a"}, 2),
        ({"mrc": 5, "split": "5b"}, 3),
        ({"age": 79.99}, 0),
        ({"age": 80.0}, 1),
        ({"cor_pulmonale": True}, 1),
        ({"heart_failure": True}, 1),
        # 3 + 3 + 1 + 1 + 1: the published maximum
        (
            {
                "admissions": 2,
                "mrc": 5,
                "split": "5b",
                "age": 85.0,
                "cor_pulmonale": True,
                "heart_failure": True,
            },
            9,
        ),
    ],
)
def test_each_point_is_as_published(found: dict[str, object], points: int) -> None:
    score = pearl(PearlInputs(**{**NOTHING, **found}))  # type: ignore[arg-type]
    assert (score.lowest, score.highest, score.status) == (points, points, "scored")


def test_groups_are_as_published() -> None:
    assert [group_of(points) for points in range(10)] == ["low"] * 2 + ["intermediate"] * 3 + ["high"] * 5


@pytest.mark.parametrize(
    ("found", "points", "group"),
    [
        ({"mrc": 5}, "2 to 3", "intermediate"),
        ({"mrc": 5, "age": 81.0, "heart_failure": True}, "4 to 5", "intermediate to high"),
        ({"mrc": 5, "admissions": 3}, "5 to 6", "high"),
    ],
)
def test_mrc_5_that_is_not_split_gives_a_range(found: dict[str, object], points: str, group: str) -> None:
    score = pearl(PearlInputs(**{**NOTHING, **found}))  # type: ignore[arg-type]
    assert (score.points, score.group) == (points, group)
    assert score.status == "range: the record does not split MRC 5"


@pytest.mark.parametrize("unknown", ["admissions", "mrc", "cor_pulmonale", "heart_failure"])
def test_what_is_not_known_is_never_taken_for_no(unknown: str) -> None:
    score = pearl(PearlInputs(**{**NOTHING, unknown: None}))  # type: ignore[arg-type]
    assert score.lowest is None
    assert (score.points, score.group) == ("", "")
    assert score.status.startswith("not scored: ")
