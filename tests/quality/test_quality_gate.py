"""The gate's own arithmetic: shares and thresholds, compiled suites, and the second count of a sample."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from quality_world import CONTRACTS, receipt

from copd_strat.checks.expectations import between, expectations
from copd_strat.config import EngineSettings
from copd_strat.contracts.contract import Contract, Rule
from copd_strat.contracts.contract_files import load_contracts
from copd_strat.engine import Engine
from copd_strat.errors import ContractError
from copd_strat.quality.findings import RuleResult
from copd_strat.quality.gx_runner import run_suite
from copd_strat.quality.sample import confirm_sample
from copd_strat.quality.suites import arguments, plain_frame, table_suite
from copd_strat.quality.thresholds import judge_thresholds

SENT = load_contracts(CONTRACTS, "native")["patients"]
# As if each patient had to have a first day.
PATIENTS = replace(
    SENT, columns=tuple(replace(c, present=c.present or c.name == "registration_start") for c in SENT.columns)
)


def rule(check: str, column: str | None = "birth_year", **changes: Any) -> Rule:
    told = {
        "code": f"r.{column}.{check}",
        "severity": "reject_row",
        "description": "It is so.",
        "fix": "mend it",
    }
    return Rule(check=check, column=column, **(told | changes))


def with_rules(*rules: Rule) -> Contract:
    return replace(PATIENTS, rules=rules, needed=False)


# --- thresholds -----------------------------------------------------------------------------------------------


def judged(breaking: int, rows: int, people: int | None = None, **shares: Any) -> list[RuleResult]:
    given = rule("minimum", **({"warn_share": 0.01, "fail_share": 0.05} | shares))
    came = receipt("patients", {"patients.csv": rows}, rules={given.code: breaking})
    came = replace(came, broken_by={} if people is None else {given.code: people})
    return list(judge_thresholds([(came, with_rules(given))]).results)


def failed(breaking: int, rows: int, people: int | None = None, **shares: Any) -> list[str]:
    return [found.level for found in judged(breaking, rows, people, **shares) if not found.success]


@pytest.mark.parametrize(
    ("breaking", "rows", "people", "levels"),
    [
        (9, 20, None, ["warn"]),
        (10, 20, None, ["fail", "warn"]),
        (2, 3, None, ["warn"]),
        (3, 3, None, ["fail", "warn"]),
        (1, 1, None, ["fail", "warn"]),
        (0, 0, None, []),
        (10, 1000, None, []),
        (11, 1000, None, ["warn"]),
        (50, 1000, None, ["warn"]),
        (51, 1000, None, ["fail", "warn"]),
        (60, 1000, 4, ["warn"]),
        (60, 1000, 5, ["fail", "warn"]),
        (60, 60, 4, ["fail", "warn"]),
    ],
)
def test_a_share_a_few_rows_and_few_people(
    breaking: int, rows: int, people: int | None, levels: list[str]
) -> None:
    assert failed(breaking, rows, people) == levels


def test_a_rule_may_have_no_threshold_or_one_in_rows() -> None:
    assert [found.level for found in judged(60, 1000, fail_share=None)] == ["warn"]
    assert [found.level for found in judged(60, 1000, warn_share=None)] == ["fail"]
    assert failed(2, 20, fail_rows=3) == ["warn"]
    assert failed(3, 20, fail_rows=3) == ["fail", "warn"]


def test_a_result_tells_its_counts() -> None:
    fail, warn = judged(1, 3, 1)
    assert fail.observed == {"breaking": 1, "rows": 3, "share": 0.333333, "people": 1, "tolerated_rows": 2}
    assert warn.observed == {"breaking": 1, "rows": 3, "share": 0.333333, "people": 1, "tolerated_rows": 0}
    assert judged(0, 0)[0].observed == {"breaking": 0, "rows": 0, "share": 0.0, "tolerated_rows": 0}
    assert judged(0, 5)[0].observed["breaking"] == 0
    assert judged(1, 1)[0].observed["share"] == 1.0


@pytest.mark.parametrize(("loaded", "success"), [(0, False), (1, True)])
def test_a_needed_table_wants_a_row(loaded: int, success: bool) -> None:
    came = receipt("patients", {"patients.csv": 1}, quarantined=1 - loaded)
    (found,) = judge_thresholds([(came, replace(with_rules(), needed=True))]).results
    assert (found.success, found.observed) == (success, {"rows": 1, "accepted": loaded})
    assert judge_thresholds([(came, with_rules())]).results == ()


def test_what_no_row_broke_is_not_counted() -> None:
    came = receipt("patients", {"patients.csv": 100})
    (found,) = judge_thresholds([(came, with_rules(rule("minimum", fail_share=0.05)))]).results
    assert found.observed["breaking"] == 0


# --- suites ---------------------------------------------------------------------------------------------------


def suite_of(given: Rule, frame: pd.DataFrame) -> list[tuple[str, float]]:
    """Level and tolerated share of each expectation of the rule."""
    found = table_suite(with_rules(given), plain_frame(frame, PATIENTS))
    return [(made.meta["level"], round(1 - made.mostly, 6)) for made in found]


def years(*values: float | None) -> pd.DataFrame:
    return pd.DataFrame({"birth_year": pd.array(values, dtype="Float64")})


LOW = {"minimum": 1850}


@pytest.mark.parametrize(
    ("changes", "levels"),
    [
        ({}, [("fail", 0.0)]),
        ({"fail_share": 0.1}, [("fail", 0.1)]),
        ({"fail_share": 0.1, "warn_share": 0.02}, [("fail", 0.1), ("warn", 0.02)]),
        ({"warn_share": 0.0}, [("fail", 0.0), ("warn", 0.0)]),
        ({"severity": "warn"}, [("warn", 0.0)]),
        ({"severity": "warn", "warn_share": 0.3}, [("warn", 0.3)]),
        ({"fail_rows": 2}, [("fail", 0.375)]),
        ({"fail_rows": 2, "fail_share": 0.5}, [("fail", 0.5)]),
        ({"fail_rows": 9}, [("fail", 1.0)]),
    ],
)
def test_a_rules_levels(changes: dict[str, Any], levels: list[tuple[str, float]]) -> None:
    given = rule("minimum", arguments=LOW, **changes)
    assert suite_of(given, years(1950, 1960, 1970, 1980)) == levels


def test_a_rule_without_a_value_to_judge_is_judged() -> None:
    given = rule("minimum", arguments=LOW, fail_rows=1)
    assert suite_of(given, years(None, None)) == [("fail", 0.5)]


def test_a_rule_that_wants_many_rows_waits_for_them() -> None:
    given = rule("minimum", arguments=LOW | {"min_rows": 3})
    assert suite_of(given, years(1950, 1960, None)) == []
    assert suite_of(given, years(1950, 1960, 1970)) == [("fail", 0.0)]
    of_all = rule("required", arguments={"min_rows": 3})
    assert suite_of(of_all, years(1950, None, None)) == [("fail", 0.0)]


def test_rows_are_judged_where_both_columns_have_a_value() -> None:
    days = ["2020-01-01", "2020-01-01", None]
    frame = pd.DataFrame(
        {
            "registration_start": pd.to_datetime(days),
            "registration_end": pd.to_datetime([days[0], None, days[0]]),
        }
    )
    given = rule("not_before", "registration_end", arguments={"column": "registration_start"})
    both = replace(given, arguments=given.arguments | {"min_rows": 1})
    assert len(suite_of(both, frame)) == 1
    assert suite_of(replace(given, arguments=given.arguments | {"min_rows": 2}), frame) == []


def test_a_column_that_may_be_absent_is_not_asked_for() -> None:
    optional = next(column.name for column in PATIENTS.columns if not column.present)
    assert suite_of(rule("required", optional), years(1950)) == []
    assert suite_of(rule("required", "patient_id"), years(1950)) == [("fail", 0.0)]


def test_what_every_expectation_is_given() -> None:
    assert arguments("a", "fail") == {
        "mostly": 1.0,
        "severity": "critical",
        "meta": {"code": "a", "level": "fail"},
    }
    assert arguments("a", "warn", 0.5)["severity"] == "warning"


def test_a_plain_frame_holds_text_and_numbers() -> None:
    frame = pd.DataFrame(
        {
            "patient_id": pd.array(["a", None], dtype="string"),
            "birth_year": pd.array([1950, None], dtype="Int64"),
            "registration_start": pd.to_datetime(["1970-01-11", None]),
            "beside": [1, 2],
        }
    )
    plain = plain_frame(frame, PATIENTS)
    assert set(plain.columns) == {"patient_id", "birth_year", "registration_start"}
    assert plain["patient_id"][0] == "a"
    assert plain["birth_year"].tolist()[0] == 1950.0
    assert plain["registration_start"].tolist()[0] == 10.0
    assert plain.isna().sum().tolist() == [1, 1, 1]
    with pytest.raises(ContractError, match=r"native\.patients: column birth_year is not of type integer"):
        plain_frame(frame.assign(birth_year="x"), PATIENTS)


# --- Great Expectations ---------------------------------------------------------------------------------------


def test_outcomes_tell_counts_and_aggregates_in_the_order_of_their_codes() -> None:
    common = {code: arguments(code, "fail") for code in "abcd"}
    frame = pd.DataFrame({"x": [1.0, 5.0, np.nan, 7.0], "w": ["p", "q", "r", "s"]})
    made = expectations()
    mean = {name: value for name, value in common["b"].items() if name != "mostly"}
    suite = [
        between("gone", 0, 1, common["d"]),
        between("x", 0, 5, common["c"]),
        made.ExpectColumnMeanToBeBetween(column="x", min_value=4, max_value=5, **mean),
        between("x", 0, 9, common["a"]),
    ]
    found = run_suite(frame, suite)
    assert [(one.code, one.level, one.success) for one in found] == [
        ("a", "fail", True),
        ("b", "fail", True),
        ("c", "fail", False),
        ("d", "fail", False),
    ]
    assert found[0].observed == {"breaking": 0, "rows": 4, "share": 0.0}
    assert found[1].observed == {"observed": 4.333333}
    assert found[2].observed == {"breaking": 1, "rows": 4, "share": 0.333333}
    assert found[3].observed == {}
    assert run_suite(frame, []) == []


def test_a_column_of_gaps_has_no_share() -> None:
    (found,) = run_suite(pd.DataFrame({"x": [np.nan, np.nan]}), [between("x", 0, 1, arguments("a", "fail"))])
    assert (found.success, found.observed) == (True, {"breaking": 0, "rows": 2, "share": 0.0})


def test_a_share_is_of_the_rows_that_have_a_value() -> None:
    within = [between("x", 0, 1, arguments("a", "fail"))]
    for values, share in (([5.0], 1.0), ([5.0, 0.5], 0.5), ([5.0, 0.5, np.nan], 0.5)):
        (found,) = run_suite(pd.DataFrame({"x": values}), within)
        assert (found.observed["share"], found.observed["breaking"]) == (share, 1)


def test_no_value_of_a_row_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    monkeypatch.setattr("copd_strat.quality.gx_runner._outcome", lambda found: seen.append(str(found.result)))
    with pytest.raises(AttributeError):  # there is nothing to sort by
        run_suite(pd.DataFrame({"x": [777.5, 888.5]}), [between("x", 0, 1, arguments("a", "fail"))] * 2)
    assert seen
    assert not any("777.5" in result or "888.5" in result for result in seen)


# --- the second count of a sample -----------------------------------------------------------------------------

RULES = (
    rule("required", "patient_id"),
    rule("required"),
    rule("readable"),
    rule("minimum", arguments=LOW),
    rule("not_placeholder", "registration_start"),
    rule("minimum", "registration_start", arguments={"minimum": date(1900, 1, 1)}),
    rule("required", "death_date"),
    rule("unique", None),
)
# patient_id, birth_year, registration_start, broken rules by their place
ROWS: tuple[tuple[str | None, int | None, str | None, tuple[int, ...]], ...] = (
    ("a", 1950, "2020-01-01", ()),
    (None, 1950, "2020-01-01", (0,)),
    ("  ", 1950, "2020-01-01", (0,)),
    ("d", None, "2020-01-01", (1,)),
    ("e", None, "2020-01-01", (2,)),
    ("f", 1849, "1800-01-01", (3, 4)),
    ("g", 1850, "1899-12-29", (5,)),
)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with Engine.open(EngineSettings(), tmp_path / "spill") as opened:
        yield opened


def counted(
    engine: Engine, folder: Path, *, lost: int = -1, sample: str = "TRUE", parts: str = ""
) -> dict[str, RuleResult]:
    """The comparison by rule; the row checks have lost what they saw of row ``lost``."""
    frame = pd.DataFrame(
        [row[:3] for row in ROWS], columns=["patient_id", "birth_year", "registration_start"]
    )
    frame["registration_start"] = pd.to_datetime(frame["registration_start"]).dt.date
    frame["_mask"] = [sum(1 << place for place in row[3]) * (n != lost) for n, row in enumerate(ROWS)]
    names = {column.name: column.type for column in PATIENTS.columns}
    engine.register_frame("checked_rows", frame)
    gaps = ", ".join(
        f"CAST(NULL AS {'DATE' if kind == 'date' else 'VARCHAR'}) AS {name}"
        for name, kind in names.items()
        if name not in frame.columns
    )
    engine.write_parquet(
        f"SELECT CAST(patient_id AS VARCHAR) AS patient_id, CAST(birth_year AS INTEGER) AS birth_year,"
        f" CAST(registration_start AS DATE) AS registration_start, CAST(_mask AS BIGINT) AS _mask, {gaps}"
        " FROM checked_rows",
        folder / parts / "checked.parquet",
    )
    checked = folder / parts if parts else folder / "checked.parquet"
    came = replace(receipt("patients", {"patients.csv": 7}), checked=checked, sample=sample)
    suite = confirm_sample(engine, came, with_rules(*RULES), date(2026, 11, 10))
    assert suite.name == "sample of native.patients"
    return {f"{found.column}.{found.check}": found for found in suite.results}


SEEN = {
    "patient_id.required": 2,
    "birth_year.required": 2,
    "birth_year.minimum": 1,
    "registration_start.not_placeholder": 1,
    "registration_start.minimum": 1,
}


def test_both_counts_of_a_sample_agree(engine: Engine, tmp_path: Path) -> None:
    found = counted(engine, tmp_path)
    assert set(found) == set(SEEN), "only rules that a typed value tells, of columns that must be there"
    for name, number in SEEN.items():
        assert found[name].success, name
        assert found[name].observed == {"rows": 7, "row_checks": number, "great_expectations": number}
        assert (found[name].level, found[name].table) == ("fail", "native.patients")


@pytest.mark.parametrize("lost", [1, 3, 5, 6])
def test_a_row_that_one_count_lost_is_noticed(engine: Engine, tmp_path: Path, lost: int) -> None:
    failing = {name for name, one in counted(engine, tmp_path, lost=lost).items() if not one.success}
    columns = {f"{RULES[place].column}.{RULES[place].check}" for place in ROWS[lost][3]}
    assert failing == columns


def test_a_table_may_lie_in_several_parts(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    assert counted(engine, tmp_path, parts="parts")["birth_year.minimum"].observed["rows"] == 7


def test_only_the_sample_is_counted(engine: Engine, tmp_path: Path) -> None:
    found = counted(engine, tmp_path, sample="patient_id = 'f'")
    assert found["birth_year.minimum"].observed == {"rows": 1, "row_checks": 1, "great_expectations": 1}
    assert found["birth_year.required"].observed == {"rows": 1, "row_checks": 0, "great_expectations": 0}
    assert all(one.success for one in found.values())


def test_what_cannot_be_counted_does_not_agree(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def without_years(rows: pd.DataFrame, contract: Contract) -> pd.DataFrame:
        return plain_frame(rows, contract).drop(columns="birth_year")

    monkeypatch.setattr("copd_strat.quality.sample.plain_frame", without_years)
    found = counted(engine, tmp_path)["birth_year.minimum"]
    assert (found.success, found.observed) == (False, {"rows": 7, "row_checks": 1})
