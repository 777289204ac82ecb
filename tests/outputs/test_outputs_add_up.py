"""Figures of boards against everybody's events: what is counted twice, left out or in another month stops the night."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from summary_fixture import CAPACITY, dispositions_of, engine_with, months_before, people, stamp

from copd_strat.config import EngineSettings, SummarySettings
from copd_strat.engine import Engine, packaged_sql
from copd_strat.quality.findings import SuiteResult
from copd_strat.quality.reconciliation import events_in_their_month, figures_add_up, values_follow
from copd_strat.summary import counts, fact_rows, indicator_events
from copd_strat.summary.periods import month_end
from copd_strat.summary.summarise import write_summary

MONTHS = months_before(date(2026, 1, 1), 3)
Change = Callable[[pd.DataFrame], pd.DataFrame]
Proof = Callable[[dict[str, pd.DataFrame], Engine], SuiteResult]


def figures_add_up_of(frames: dict[str, pd.DataFrame], engine: Engine) -> SuiteResult:
    return figures_add_up(frames["fact_indicator"], engine)


def values_follow_of(frames: dict[str, pd.DataFrame], _engine: Engine) -> SuiteResult:
    return values_follow(frames["fact_indicator"], frames["dim_indicator"])


def judged(folder: Path, proof: Proof = figures_add_up_of) -> SuiteResult:
    """What a proof says of the summary of three months of 3,000 people, dispositions in the last."""
    everybody = people(3000)
    engine = engine_with(folder, MONTHS, everybody)
    done = write_summary(
        folder,
        engine,
        dispositions_of(everybody),
        None,
        SummarySettings(),
        stamp("20260310-abcdef01", as_of=date(2026, 3, 10)),
        complete_to=month_end(MONTHS[-1]),
        capacity=CAPACITY,
    )
    found = proof(done.frames, engine)
    engine.close()
    return found


def twice(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(n=2 * rows["n"])


def one_indicator_for_another(rows: pd.DataFrame) -> pd.DataFrame:
    other = {"moderate_exacerbations": "copd_reviews", "copd_reviews": "moderate_exacerbations"}
    return rows.assign(indicator_id=rows["indicator_id"].replace(other))


def test_figures_without_a_fault_add_up(tmp_path: Path) -> None:
    (found,) = judged(tmp_path).results
    assert found.success
    assert found.observed["figures"] > 20


@pytest.mark.parametrize("fault", [twice, one_indicator_for_another])
def test_a_fault_in_counting_is_noticed(
    fault: Change, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = counts._of_month
    monkeypatch.setattr(counts, "_of_month", lambda *given: fault(right(*given)))
    (found,) = judged(tmp_path).results
    assert not found.success
    assert found.observed["figures_that_differ"] > 3


@pytest.mark.parametrize(
    ("instead_of", "text"),
    [
        ("CAST(events.n AS BIGINT) AS n", "CAST(1 AS BIGINT) AS n"),  # nights counted as stays
        ("due.month = register.month", "due.month = register.month AND register.practice_id <> 'P1'"),
        ("ON events.cohort = people.cohort\n        AND", "ON"),
    ],
)
def test_a_fault_in_a_query_is_noticed(
    instead_of: str, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert any(instead_of in packaged_sql("summary", name) for name in ("summary_counts", "summary_people"))
    monkeypatch.setattr(counts, "packaged_sql", lambda *name: packaged_sql(*name).replace(instead_of, text))
    assert judged(tmp_path).failures


def figures(*numerators: float | None, revision: int = 0) -> pd.DataFrame:
    row = {
        "period_start": MONTHS[0],
        "period_end": date(2026, 1, 31),
        "breakdown_type": "all",
        "is_latest": True,
    }
    return pd.DataFrame(
        [
            {**row, "org_key": f"icb:I{n}:2026-01", "indicator_id": "copd_register", "revision": revision}
            | {"numerator": number}
            for n, number in enumerate(numerators)
        ]
    ).astype({"numerator": "float64"})


@pytest.mark.parametrize(
    ("rows", "adds_up"),
    [
        (figures(500), True),
        (figures(495), False),
        (figures(505), False),
        (figures(200, 300), True),
        (figures(200, 310), False),
        (figures(200, None), True),  # the hidden board may have the rest
        (figures(510, None), False),
        (figures(495, revision=1), True),  # a practice unknown at first stays out of a revision
        (figures(505, revision=1), False),
    ],
)
def test_a_figure_may_differ_by_rounding_and_by_what_is_hidden(
    rows: pd.DataFrame, adds_up: bool, tmp_path: Path
) -> None:
    with Engine.open(EngineSettings(threads=1), tmp_path) as engine:
        register = pd.DataFrame({"month": MONTHS[0], "patient_id": [f"p{n}" for n in range(501)]})
        engine.register_frame("monthly_register", register)
        none = pd.DataFrame({"month": MONTHS[:1], "patient_id": ["p1"], "indicator": ["x"], "n": [1]})
        engine.register_frame("monthly_events", none)
        assert figures_add_up(rows, engine).results[0].success is adds_up


def months_differ(folder: Path) -> float:
    """How many months the proof finds wrong, of exacerbations on the first, a middle and the last day of each."""
    days = [day for month in MONTHS for day in (month, month.replace(day=15), month_end(month))]
    severities = ("moderate", "severe", "ed_only")
    rows = [(1, day, severity, "all") for day in days for severity in severities]
    events = pd.DataFrame(rows, columns=["patient", "start_date", "severity", "counting"])
    days_of_care = {"patient": [1], "day": [MONTHS[0]], "concept": ["x"]}
    with Engine.open(EngineSettings(threads=1), folder) as engine:
        engine.register_frame("people", pd.DataFrame({"patient": [1], "patient_id": ["p1"]}))
        engine.register_frame("care_days", pd.DataFrame(days_of_care))
        spells = {"patient": [1], "admission_date": [MONTHS[0]], "days_since_copd_discharge": [-1]}
        engine.register_frame("spell_sequence", pd.DataFrame(spells))
        duties = {
            "patient": [1],
            "event": ["x"],
            "event_date": [MONTHS[0]],
            "duty": ["x"],
            "done_on": [MONTHS[0]],
        }
        engine.register_frame("follow_up_duties", pd.DataFrame(duties))
        engine.register_frame(
            "counted_exacerbations", pd.concat([events, events.assign(counting="excl_rescue")])
        )
        # the first month is not counted tonight
        engine.register_frame(
            "monthly_register", pd.DataFrame({"month": MONTHS[1:], "patient_id": ["p1", "p1"]})
        )
        indicator_events.count_events(engine, MONTHS[1:])
        (found,) = events_in_their_month(engine).results
        assert found.success == (not found.observed["months_that_differ"])
        return found.observed["months_that_differ"]


@pytest.fixture
def exacerbations_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    right = indicator_events._queries
    monkeypatch.setattr(
        indicator_events,
        "_queries",
        lambda cohort: {
            name: query for name, query in right(cohort).items() if name.endswith("exacerbations")
        },
    )


@pytest.mark.parametrize(
    ("instead_of", "text", "months"),
    [
        ("", "", 0),
        ("events.day < months.next_month", "events.day <= months.next_month", 1),
        ("events.day >= months.month", "events.day > months.month", 2),
        ("sum(events.n)", "max(events.n)", 2),
        ("SELECT months.month,", "SELECT CAST(months.month - INTERVAL 1 MONTH AS DATE),", 1),
    ],
)
@pytest.mark.usefixtures("exacerbations_alone")
def test_an_event_in_another_month_or_in_two_is_noticed(
    instead_of: str, text: str, months: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = Engine.execute
    monkeypatch.setattr(Engine, "execute", lambda self, sql: right(self, sql.replace(instead_of, text)))
    assert months_differ(tmp_path) == months


def limits_exchanged(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(ci_lower=rows["ci_upper"], ci_upper=rows["ci_lower"])


FAULTS_IN_VALUES: dict[str, tuple[Change, bool]] = {
    "none": (lambda rows: rows, True),
    "per 1,000 for per 100": (lambda rows: rows.assign(value=10 * rows["value"]), False),
    "limits exchanged": (limits_exchanged, False),
}


@pytest.mark.parametrize("fault", FAULTS_IN_VALUES)
def test_a_value_that_its_counts_do_not_give_is_noticed(
    fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    change, follows = FAULTS_IN_VALUES[fault]
    right = fact_rows._with_values
    monkeypatch.setattr(fact_rows, "_with_values", lambda rows: change(right(rows)))
    (found,) = judged(tmp_path, values_follow_of).results
    assert found.success is follows
