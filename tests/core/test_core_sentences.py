"""What the terminal says of published runs: sentences, with numbers that agree with what they count."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from copd_strat.cli.nightly import show_quarantined
from copd_strat.cli.run_sentences import diff_sentences, run_sentence, whatif_text
from copd_strat.pathways import WhatIf
from copd_strat.publish import PublishedRun


def run(name: str, as_of: str, clinic: int) -> PublishedRun:
    counts = {"clinic": clinic, "self_management": 5, "clinical_review": 2, "not_listed": 0}
    told = {"as_of": as_of, "register": clinic + 7, "dispositions": counts, "policy": "rules_only 1.0"}
    return PublishedRun(run_id=name, path=Path("runs") / name, manifest=told)


BEFORE, AFTER = run("a", "2026-04-09", 1), run("b", "2026-04-10", 1234)


def test_a_run_is_a_sentence() -> None:
    assert run_sentence(AFTER) == (
        "run b of 2026-04-10: 1,241 people on the register"
        " (1,234 clinic, 5 self management, 2 clinical review, 0 not listed), policy rules_only 1.0"
    )


def test_moves_are_told_by_practice_and_first_nights_as_such() -> None:
    moved = pd.DataFrame(
        [
            ("A81001", "new", "new", "x"),
            ("A81001", "up", "up from app", "x"),
            ("A81002", "left", "left: died", "died"),
            ("A81003", "first", "everybody is new (159)", "the first lists of this practice"),
        ],
        columns=["practice_id", "kind", "change", "why"],
    )
    assert diff_sentences((BEFORE, AFTER), moved) == [
        "From run a of 2026-04-09 to run b of 2026-04-10: 3 people moved"
        " (1 new, 1 up to a list of higher need, 1 left).",
        "  A81001: 1 new, 1 up to a list of higher need",
        "  A81002: 1 left",
        "  A81003: the first lists of this practice, everybody is new (159)",
    ]
    assert diff_sentences((BEFORE, AFTER), moved[:0]) == [
        "From run a of 2026-04-09 to run b of 2026-04-10: 0 people moved."
    ]


def what_if(away: int) -> WhatIf:
    kinds = ["clinic", "self_management", "clinical_review", "not_listed"]
    moves = pd.DataFrame(0, index=range(4), columns=kinds).assign(under_a=kinds)
    moves.loc[0, "clinic"], moves.loc[1, "clinical_review"] = 10 - away, away
    work = {"practice_id": ["A81001"], **{name: [3] for name in (*kinds, "place_clinic", "place_reserve")}}
    severe = {"severe_exacerbations": 1, "in_clinic_tier": 1, "with_place": 0, "share_in_clinic_tier": 1.0}
    group = {"dimension": "imd_quintile", "group": "1.0", "register": 9, "clinic": 3, "places": 1}
    both = ("risk_and_rules 1.0", "rules_only 1.0")
    return WhatIf(
        moves=moves,
        workload=pd.concat([pd.DataFrame(work).assign(policy=label) for label in both]),
        severe=pd.DataFrame([{"policy": label, "patients_not_observable": 2} | severe for label in both]),
        balance=pd.DataFrame([{"policy": label, "clinic_share": 1 / 3} | group for label in both]),
    )


def test_another_policy_is_told_in_sentences_and_rounded() -> None:
    labels = ("risk_and_rules 1.0", "rules_only 1.0")
    text = whatif_text(what_if(4), labels, date(2026, 4, 10))
    assert "4 of 10 people would be elsewhere:\n  4 from self management to clinical review" in text
    assert "of 1 severe exacerbation last year 1 (100 %) were those of people in the clinic tier" in text
    assert "of 2 people they are not observable" in text
    assert "33 %" in text
    assert "0.3" not in text
    assert "imd quintile  1 " in text
    assert "Nobody of 10 people would be elsewhere." in whatif_text(what_if(0), labels, date(2026, 4, 10))


def test_one_quarantined_row_is_told_on_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    tables = {"native.deaths": {"quarantined": 1}, "native.patients": {"quarantined": 0}}
    show_quarantined(tables, Path("quality/validation.html"))
    told = capsys.readouterr().out
    assert "native.deaths 1. File, line and reason: quality/validation.html" in told
    assert "patients" not in told
    show_quarantined({"native.patients": {"quarantined": 0}}, Path("x"))
    assert capsys.readouterr().out == ""
