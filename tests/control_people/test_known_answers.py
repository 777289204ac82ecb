"""The control people: their known answers come out, and one that does not is told with its rule."""

from __future__ import annotations

import dataclasses
from collections import Counter
from pathlib import Path

import pytest

from copd_strat.control_people import departures, known_answers

KNOWN = known_answers._known()


def test_every_known_answer_comes_out(tmp_path: Path) -> None:
    assert [str(found) for found in departures(tmp_path)] == []


def test_each_answer_is_known_once_and_names_its_rule() -> None:
    assert Counter((line["person"], line["fact"]) for line in KNOWN).most_common(1)[0][1] == 1
    assert all(len(line["rule"]) > 5 for line in KNOWN)
    assert len(KNOWN) > 50


@pytest.mark.parametrize("line", KNOWN, ids=lambda line: f"{line['person']}-{line['fact']}")
def test_another_answer_is_a_departure(line: dict[str, str]) -> None:
    answers = {line["person"]: {line["fact"]: "something else"}}
    if (line["fact"], line["expected"]) == ("register", "yes"):
        answers = {}
    (found,) = known_answers._departures(answers, [line])
    assert dataclasses.asdict(found)["expected"] == line["expected"]
    assert line["rule"] in str(found)


def test_a_stranger_on_the_register_is_a_departure() -> None:
    (found,) = known_answers._departures({"C99": {}}, [])
    assert str(found).startswith("C99: register is yes, not no")
