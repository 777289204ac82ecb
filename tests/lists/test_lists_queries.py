"""What only the practice can settle stands on its own list, which invites nobody."""

from __future__ import annotations

import csv
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from lists_example import AS_OF, PATIENTS, night, write

from copd_strat.lists import queries
from copd_strat.pathways import answer_problems
from copd_strat.pathways.answer_problems import PROBLEMS, AnswerProblem, problem_told

CONFLICTS = pd.DataFrame(
    [
        ("A81001", "CP-DEAD", "records after death", date(2024, 3, 3), date(2026, 3, 30)),
        ("A81001", "CP-BOTH", "two open registrations", date(2025, 1, 2), None),
        ("A81002", "CP-LEFT", "records after leaving", date(2025, 1, 2), date(2026, 3, 1)),
        ("A81002", "CP-BORN", "death before birth", date(1901, 1, 1), None),
        ("A81003", "CP-SHUT", "practice closed", date(2026, 3, 31), None),
    ],
    columns=["practice_id", "patient_ref", "kind", "since", "last_record"],
)
NO_CONFLICTS = CONFLICTS.head(0)


def answer(decision: str, **changed: Any) -> dict[str, Any]:
    row = {
        "practice_id": "A81001",
        "patient_ref": "CP-G0ZW-0YCP-2",
        "run_id": "20260402-3f9a1c",
        "decision": decision,
        "reason": "Clinic list of 2 Apr 2026 that you returned, row 3: the date cannot be read: soon",
        "decided_on": AS_OF,
    }
    return {**row, **changed}


def table(*answers: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame(list(answers), columns=list(answer("")))


def test_a_conflict_is_told_to_its_practice_with_its_dates_and_what_to_do() -> None:
    told = queries(CONFLICTS, table(), AS_OF).set_index("patient_ref")
    assert (
        told.loc["CP-DEAD", "query"]
        == "Recorded as dead on 3 Mar 2024, but the record goes on to 30 Mar 2026"
    )
    assert "may be a living patient" in told.loc["CP-DEAD", "please"]
    assert (
        told.loc["CP-BOTH", "query"] == "Two practices have this patient registered; here since: 2 Jan 2025"
    )
    assert (
        told.loc["CP-LEFT", "query"]
        == "Registration ended on 2 Jan 2025, but the record goes on to 1 Mar 2026"
    )
    assert told.loc["CP-BORN", "query"] == "The date of death, 1 Jan 1901, lies before the birth"
    assert "CP-SHUT" not in told.index, "nobody reads the lists of a practice that closed"


def test_a_refused_answer_comes_back_until_it_is_given_anew() -> None:
    refused = answer("refused")
    told = queries(NO_CONFLICTS, table(refused), AS_OF)
    assert told["query"].tolist() == [refused["reason"]]
    assert told["please"].tolist() == [
        "Type decision and date on the row of that person in today's list, day first, as in 12/3/2026 for 12 March"
    ]
    settled = [
        answer("accepted"),
        answer("declined", run_id="20260501-aaaaaa", decided_on=date(2026, 5, 2)),
        answer("accepted", patient_ref="cp g0zw-0ycp-2".replace(" ", "-")),
    ]
    for later in settled:
        assert queries(NO_CONFLICTS, table(refused, later), AS_OF + timedelta(days=30)).empty
    open_still = [
        answer("accepted", patient_ref="CP-3V8C-AD9E-G"),
        answer("accepted", practice_id="A81002"),
        answer("accepted", run_id="20260101-aaaaaa"),
        answer("note"),
    ]
    for other in open_still:
        assert len(queries(NO_CONFLICTS, table(refused, other), AS_OF)) == 1
    assert queries(NO_CONFLICTS, table(refused), AS_OF + timedelta(days=92)).empty, "a quarter is enough"


def test_two_different_answers_of_one_day_are_a_query_until_a_later_one() -> None:
    both = (answer("accepted"), answer("declined"))
    told = queries(NO_CONFLICTS, table(*both), AS_OF)
    assert told[["patient_ref", "query"]].to_numpy().tolist() == [
        ["CP-G0ZW-0YCP-2", "Two different answers of one day, 2 Apr 2026: accepted and declined"]
    ]
    assert "until then neither counts" in told["please"].iloc[0]
    next_day = AS_OF + timedelta(days=1)
    assert queries(NO_CONFLICTS, table(*both, answer("accepted", decided_on=next_day)), next_day).empty
    assert queries(NO_CONFLICTS, table(answer("accepted"), answer("already_known")), AS_OF).empty


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: problem.words)
def test_every_problem_has_its_own_advice_whatever_was_written(problem: AnswerProblem) -> None:
    """What somebody wrote follows the cause, and may hold the words of another one."""
    text = f"Clinic list of 2 Apr 2026 that you returned, row 3: {problem.words}: {PROBLEMS[0].words}"
    assert problem_told(text) is problem
    assert problem.please


def test_the_queries_stand_in_the_practices_own_folder_and_on_no_other_list(tmp_path: Path) -> None:
    files = write(tmp_path, night(*PATIENTS), queries=queries(CONFLICTS, table(answer("refused")), AS_OF))
    own = {f.practice_id: f for f in files if f.name == "queries" and f.path.suffix == ".csv"}
    assert own["A81001"].path.name == "A81001_2026-04-02_queries.csv"
    with own["A81001"].path.open(encoding="utf-8-sig", newline="") as stream:
        lines = list(csv.DictReader(stream))
    assert [line["patient_ref"] for line in lines] == ["CP-BOTH", "CP-DEAD", "CP-G0ZW-0YCP-2"]
    assert own["A81003"].rows == 0, "an empty list says that nothing is asked"
    others = b"".join(f.path.read_bytes() for f in files if f.name != "queries" and f.path.suffix == ".csv")
    assert b"CP-DEAD" not in others
    note = (own["A81001"].path.parent / "A81001_2026-04-02_READ_ME.txt").read_text("utf-8-sig")
    assert "Queries: 3 lines today" in note
    assert "nobody here is to be invited" in note


def test_a_practice_with_queries_alone_gets_its_folder(tmp_path: Path) -> None:
    alone = CONFLICTS.head(1).assign(practice_id="B82003")
    files = write(tmp_path, night(*PATIENTS), queries=queries(alone, table(), AS_OF))
    assert {f.name for f in files if f.practice_id == "B82003" and f.rows} == {"queries"}


def test_no_problem_is_left_without_being_found() -> None:
    stated = {value for value in vars(answer_problems).values() if isinstance(value, AnswerProblem)}
    assert stated - {answer_problems.OTHER} == set(PROBLEMS)
