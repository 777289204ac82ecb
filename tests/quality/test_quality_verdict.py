"""The verdict is written however the night ends, opens with what stopped it, and holds no patient."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import stops_page
from quality_world import receipt

from copd_strat.config import load
from copd_strat.errors import ContractError, InputError, OutputError, RunGuardError, Stopped
from copd_strat.quality import Validation
from copd_strat.quality.findings import Finding, RuleResult, Section, SuiteResult, Verdict
from copd_strat.quality.reconciliation import (
    patients_add_up,
    published_as_declared,
    relations_add_up,
    rows_add_up,
    statuses_held,
)
from copd_strat.quality.sections import quarantined_section
from copd_strat.quality.thresholds import judge_thresholds
from copd_strat.quality.undeclared_gaps import word_findings
from copd_strat.quality.verdict_page import Heading, verdict_page, write_verdict

DEMO = load(Path(__file__).parents[2] / "pipelines" / "demo.yaml")
HEADING = {"run_id": "20261110-abc", "title": "Test ICS", "as_of": "2026-11-10"}
PRACTICE_FORM = "native.patients.practice_id.pattern"


def validation(folder: Path, last: dict[str, Any] | None = None) -> Validation:
    return Validation(folder, DEMO, HEADING, last or {})


def record(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "validation.json").read_text(encoding="utf-8")))


def test_a_night_without_findings_goes(tmp_path: Path) -> None:
    with validation(tmp_path / "quality"):
        pass
    assert record(tmp_path / "quality")["success"] is True
    assert "<h1>Go</h1>" in (tmp_path / "quality" / "validation.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("error", "exit_code", "said"),
    [
        (InputError("extracts: no file for table patients", fix="add it"), 11, "no file for table patients"),
        (ContractError("codes are cut"), 12, "codes are cut"),
        (ValueError("canary"), 70, "an internal error (ValueError)"),
    ],
)
def test_whatever_ends_the_night_stands_first(
    tmp_path: Path, error: Exception, exit_code: int, said: str
) -> None:
    with pytest.raises(type(error)), validation(tmp_path):
        raise error
    first = record(tmp_path)["findings"][0]
    assert (first["weight"], first["exit_code"]) == ("stop", exit_code)
    assert said in first["sentence"]
    page = (tmp_path / "validation.html").read_text(encoding="utf-8")
    assert f"(exit {exit_code})</h1>" in page
    assert "canary" not in page + json.dumps(record(tmp_path))


def test_a_night_stopped_by_a_signal_writes_nothing(tmp_path: Path) -> None:
    with pytest.raises(Stopped), validation(tmp_path / "quality"):
        raise Stopped(15)
    assert not (tmp_path / "quality").exists()


def test_a_page_that_cannot_be_written_stops_a_night_that_would_go(tmp_path: Path) -> None:
    (tmp_path / "quality").write_text("a file where the folder should be")
    with (
        pytest.raises(OutputError, match="the night's verdict cannot be written"),
        validation(tmp_path / "quality"),
    ):
        pass
    with pytest.raises(ContractError, match="codes are cut"), validation(tmp_path / "quality"):
        raise ContractError("codes are cut")


def test_a_gate_stops_the_night_with_its_first_cause(tmp_path: Path) -> None:
    last = {"dispositions": {"clinic": 100, "self_management": 900}}
    with pytest.raises(RunGuardError) as caught, validation(tmp_path, last) as verdict:
        verdict.dispositions({"clinic": 400, "self_management": 600}, {"no date": 2})
    assert "clinic has 400 patients tonight, 100 last night" in str(caught.value)
    assert "guard.let_through: [GRD09]" in str(caught.value)
    found = record(tmp_path)["findings"]
    assert [(one["weight"], one["cause"]) for one in found] == [
        ("stop", "dispositions have changed"),
        ("warn", "answers without effect"),
    ]


def test_every_cause_that_stops_a_night_says_what_to_do(tmp_path: Path) -> None:
    words = {"unit": {"NULL": 9, "\\N": 7}}
    came = receipt("gp_events", {"gp_events.csv": 100})
    told = replace(came, files=tuple(replace(file, undeclared_gaps=words) for file in came.files))
    one_advice = str(_stopped(tmp_path / "a", word_findings([told])))
    assert one_advice.count('gaps: ["NULL", "\\\\N"]') == 1
    others = [replace(found, fix=f"do {number}") for number, found in enumerate(word_findings([told]))]
    lines = str(_stopped(tmp_path / "b", others)).splitlines()
    assert lines[-3:] == [
        "  Another cause, a word stands where a value is missing: gp_events: the word \\N stands in 1 column"
        " (rows: gp_events.unit 7)",
        "    Fix: do 1",
        "  Fix: do 0",
    ]


def _stopped(folder: Path, findings: list[Finding]) -> Exception:
    with pytest.raises(ContractError) as caught, validation(folder) as verdict:
        verdict.monitoring(findings, [])
    return caught.value


def test_what_only_warns_is_kept_for_the_manifest(tmp_path: Path) -> None:
    with validation(tmp_path) as verdict:
        verdict.dispositions({"clinic": 4}, {"no date": 2})
    assert verdict.record()["warnings"] == ["decisions: 2 cannot be used (no date 2)"]


def test_a_relation_with_more_rows_than_came_in_is_a_fault_of_the_program() -> None:
    suite = relations_add_up({"gp_events": 20, "deaths": 0}, {"gp_events": 10, "deaths": 0})
    assert [(found.code, found.table) for found in suite.failures] == [("GATE05", "gp_events")]


@pytest.mark.parametrize(
    ("breaking", "rows", "failed", "warned"),
    [
        (0, 1000, [], []),
        (1, 1000, [], []),
        (2, 1000, [], [PRACTICE_FORM]),
        (50, 1000, [], [PRACTICE_FORM]),
        (51, 1000, [PRACTICE_FORM], []),
        (9, 20, [], [PRACTICE_FORM]),
        (3, 3, [PRACTICE_FORM], []),
    ],
)
def test_rules_are_judged_by_their_contracts_shares(
    breaking: int, rows: int, failed: list[str], warned: list[str]
) -> None:
    came = receipt("patients", {"patients.csv": rows}, rules={PRACTICE_FORM: breaking})
    suite = judge_thresholds([(came, came.contract)])
    assert [found.code for found in suite.failures] == failed
    assert [found.code for found in suite.warnings] == warned


def test_a_needed_table_without_accepted_rows_stops_the_run() -> None:
    came = receipt("patients", {"patients.csv": 1000}, quarantined=1000)
    suite = judge_thresholds([(came, came.contract)])
    assert [(found.code, found.table) for found in suite.failures] == [("GATE01", "native.patients")]


def test_lost_rows_are_named_by_file() -> None:
    came = receipt(
        "gp_events", {"gp_events/part_01.parquet": 1000, "gp_events/part_02.parquet": 1000}, lost=1
    )
    found = rows_add_up([came]).failures
    assert [(one.code, one.table) for one in found] == [
        ("GATE02", "native.gp_events: gp_events/part_01.parquet"),
        ("GATE02", "native.gp_events: gp_events/part_02.parquet"),
    ]
    assert found[0].observed == {"rows_in": 1000, "loaded": 999, "quarantined": 0, "duplicates": 0}


@pytest.mark.parametrize(
    ("quarantined", "duplicates", "adds_up"),
    [(3, 2, True), (0, 5, True), (5, 0, True), (3, 3, False), (2, 2, False), (1, 4, True), (4, 0, False)],
)
def test_refused_rows_and_duplicates_count_beside_those_loaded(
    quarantined: int, duplicates: int, adds_up: bool
) -> None:
    came = receipt("gp_events", {"gp_events.csv": 20})
    parts = {"loaded": 15, "quarantined": quarantined, "duplicates": duplicates}
    came = replace(came, files=tuple(replace(file, **parts) for file in came.files))
    suite = rows_add_up([came])
    assert suite.success is adds_up
    assert [found.observed for found in suite.results] == [{"rows_in": 20, **parts}]


PLACED = {"A81001": {"clinic": 3, "clinical_review": 1}, "A81002": {"clinic": 2}}


def broken(register: int, placed: dict[str, Any], listed: dict[str, Any]) -> list[str]:
    suite = patients_add_up(register, {"clinic": 5, "clinical_review": 1, "not_listed": 4}, placed, listed)
    return [found.table for found in suite.failures]


def test_patients_are_reconciled_from_register_to_list() -> None:
    assert broken(10, PLACED, PLACED) == []
    assert broken(11, PLACED, PLACED) == ["register"]
    assert broken(10, PLACED, {**PLACED, "A81002": {"clinic": 1}}) == ["list clinic"]
    assert broken(10, PLACED, {**PLACED, "A81003": {"clinic": 1}}) == ["list clinic"]
    assert broken(10, PLACED, {"A81001": {"clinic": 3}, "A81002": {"clinic": 2}}) == ["list clinical_review"]
    assert broken(10, PLACED, {}) == ["list clinic", "list clinical_review"]
    # Two lists that gained and lost as many are told apart by practice.
    swapped = {"A81001": {"clinic": 2, "clinical_review": 1}, "A81002": {"clinic": 3}}
    assert broken(10, PLACED, swapped) == ["list clinic"]


def test_a_list_s_result_tells_all_its_patients_and_rows() -> None:
    suite = patients_add_up(
        6, {"clinic": 5, "clinical_review": 1}, PLACED, {**PLACED, "A81002": {"clinic": 1}}
    )
    observed = {found.table: found.observed for found in suite.results}
    assert observed["register"] == {"register": 6, "dispositions": 6}
    assert observed["list clinic"] == {"patients": 5, "list_rows": 4, "practices_that_differ": 1}
    assert observed["list clinical_review"] == {"patients": 1, "list_rows": 1, "practices_that_differ": 0}
    suite = patients_add_up(6, {"clinic": 5, "clinical_review": 1}, PLACED, {})
    assert [found.observed.get("practices_that_differ") for found in suite.results] == [None, 2, 1]


class CountedRegister:
    """An engine that has counted (dead, under 35, severe observable, with hospital records) already."""

    def __init__(self, *counts: int) -> None:
        self.counts = counts

    def rows(self, _sql: str) -> list[tuple[int, ...]]:
        return [self.counts]


@pytest.mark.parametrize(
    ("counts", "failing"),
    [
        ((0, 0, 0, 0), []),
        ((0, 0, 9, 1), []),
        ((0, 0, 0, 1), []),
        ((1, 0, 9, 1), ["register"]),
        ((0, 1, 9, 1), ["register"]),
        ((0, 0, 1, 0), ["hospital_episodes"]),
        ((1, 1, 1, 0), ["register", "hospital_episodes"]),
    ],
)
def test_a_status_without_a_row_behind_it_fails(counts: tuple[int, ...], failing: list[str]) -> None:
    engine: Any = CountedRegister(*counts)
    assert [found.table for found in statuses_held(engine, date(2026, 4, 10)).failures] == failing


def a_verdict() -> Verdict:
    result = RuleResult(
        code="native.patients.birth_year.minimum",
        table="native.patients",
        level="fail",
        success=False,
        description="Rows whose birth_year is below 1850.",
        fix="correct it",
        observed={"breaking": 80, "rows": 400, "share": 0.2},
    )
    stop = Finding(
        cause="a contract is broken",
        subject="native.patients.birth_year",
        weight="stop",
        sentence="80 of 400 rows <break> its contract",
        effects=("native.gp_events: rows 400 → 320",),
        codes=(result.code,),
    )
    warn = Finding(cause="a contract is broken", subject="x", weight="warn", sentence="one row")
    rows = Section(
        title="Rows", introduction="All.", columns=("file", "rows", "share"), rows=(("a.csv", 1234, 0.5),)
    )
    suite = SuiteResult(name="extracts", results=(result,))
    return Verdict(findings=(stop, warn), suites=(suite,), sections=(rows,))


def test_the_page_opens_with_what_stopped_the_night(tmp_path: Path) -> None:
    page = verdict_page(a_verdict(), Heading(**HEADING))
    order = [
        "Stopped: a contract is broken",
        "80 of 400 rows &lt;break&gt;",
        "400 → 320",
        "Warnings",
        "1,234",
        "50 %",
    ]
    assert [page.index(text) for text in order] == sorted(page.index(text) for text in order)
    assert '<html lang="en-GB">' in page
    assert "<script" not in page
    assert "http" not in page
    write_verdict(a_verdict(), Heading(**HEADING), tmp_path / "one")
    write_verdict(a_verdict(), Heading(**HEADING), tmp_path / "two")
    for name in ("validation.html", "validation.json"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    assert record(tmp_path / "one")["sections"][0]["rows"] == [{"file": "a.csv", "rows": 1234, "share": 0.5}]


def test_the_page_of_what_stops_a_night_is_current() -> None:
    assert stops_page.PAGE.read_text(encoding="utf-8") == stops_page.page(), "run tests/quality/stops_page.py"


def test_figures_for_commissioners_are_held_against_what_they_declare() -> None:
    """Each control of disclosure taken away, a practice or a month lost, shows in the published figures."""
    months = [date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1)]
    facts = pd.DataFrame(
        [
            {"period_type": "month", "period_start": month, "org_key": f"practice:{name}:2026-01"}
            | {"numerator": 10.0, "denominator": 400.0}
            for month in months
            for name in ("A", "B")
        ]
    )
    practices = dict.fromkeys(months, 2)

    def told(changed: pd.DataFrame) -> dict[str, float]:
        (result,) = published_as_declared(changed, practices).results
        assert result.success == (not any(result.observed.values()))
        return {name: count for name, count in result.observed.items() if count}

    assert told(facts) == {}
    assert told(facts.assign(numerator=facts["numerator"].mask(facts.index == 0, 5.0))) == {"below_10": 1}
    assert told(facts.assign(denominator=401.0)) == {"not_multiples_of_5": 6}
    assert told(facts.assign(numerator=facts["numerator"].mask(facts.index == 0))) == {}
    assert told(facts[facts["period_start"] != months[1]]) == {"months_lacking": 1}
    assert told(facts.drop(index=0)) == {"months_that_lack_practices": 1}
    assert told(facts.drop(index=[0, 2])) == {"months_that_lack_practices": 2}
    assert told(facts.assign(numerator=0.0)) == {}, "a true 0 is shown as it is"
    assert told(facts.assign(numerator=1.0)) == {"below_10": 6, "not_multiples_of_5": 6}
    assert told(facts.assign(period_type="window")) == {}, "no month is published yet"
    practices[months[1]] = 1
    nobody = facts["org_key"].where(facts["period_start"] != months[1], "icb:I1:2026-01")
    assert told(facts.assign(org_key=nobody)) == {"months_that_lack_practices": 1}


def test_quarantined_rows_are_told_by_file_line_and_reason(tmp_path: Path) -> None:
    """Whoever has no tool for Parquet finds the row; what it holds stays in quarantine."""
    rows = {"file": ["a.csv"] * 25, "line": list(range(2, 27)), "rule_column": ["day"] * 25}
    held = {
        "rule": ["native.deaths.day.typed"] * 25,
        "reason": ["is not a date"] * 25,
        "day": ["31/02/2026"] * 25,
    }
    (tmp_path / "quarantine").mkdir()
    pq.write_table(pa.table(rows | held), tmp_path / "quarantine" / "deaths.parquet")
    (found,) = quarantined_section(tmp_path / "quarantine")
    assert found.rows[0] == ("deaths", "a.csv", 2, "day", "is not a date")
    assert len(found.rows) == 20
    assert "31/02/2026" not in str(found)
    assert quarantined_section(tmp_path / "nowhere") == ()
