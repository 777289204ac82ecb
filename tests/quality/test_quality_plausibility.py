"""What cannot be is told on a first night: one value, one day, lost numbers, codes that no dictionary holds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from quality_world import receipt

from copd_strat.config import EngineSettings
from copd_strat.contracts.lint import all_contracts
from copd_strat.engine import Engine
from copd_strat.extracts.receipts import CodedColumn, Ingested, Lookup
from copd_strat.quality.findings import Finding
from copd_strat.quality.plausibility import Plausibility, judge_plausibility

CONTRACTS = Path(__file__).parents[2] / "data_contracts"
FEEDING = {"gp_events": frozenset({"emis.carerecord_observation"})}
# Nothing unusual in any of these.
VALUES, METHODS, DAYS = "n + 0.5", "CASE WHEN n % 2 = 0 THEN '21' ELSE '11' END", "n"


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    opened = Engine.open(EngineSettings(), tmp_path / "spill")
    yield opened
    opened.close()


def judge(
    engine: Engine,
    rows: int = 400,
    *,
    values: str = VALUES,
    methods: str = METHODS,
    days: str = DAYS,
    lookups: tuple[Lookup, ...] = (),
    codes: tuple[CodedColumn, ...] = (),
) -> Plausibility:
    """So many rows of each table, each column an SQL expression over the row's number ``n``."""
    numbered = f"FROM range({rows}) numbers(n)"
    engine.create_table("gp_events", f"SELECT CAST({values} AS DOUBLE) AS value {numbered}")
    engine.create_table("prescriptions", f"SELECT CAST(n + 28 AS DOUBLE) AS quantity {numbered}")
    engine.create_table("hospital_episodes", f"SELECT {methods} AS admission_method {numbered}")
    came = replace(
        receipt("gp_events", {"gp_events.csv": rows}),
        accepted=f"SELECT CAST(DATE '2020-01-01' + CAST({days} AS INTEGER) AS DATE) AS event_date {numbered}",
    )
    stays = replace(receipt("hospital_episodes", {"h.csv": rows}), accepted=_no_dates(), codes=codes)
    landing = Ingested(tables=(came, stays), warnings=(), lookups=lookups)
    return judge_plausibility(engine, landing, FEEDING)


def _no_dates() -> str:
    return "SELECT CAST(NULL AS DATE) AS admission_date, CAST(NULL AS DATE) AS episode_start WHERE FALSE"


def found(judged: Plausibility) -> list[tuple[str, str, str]]:
    return [(one.cause, one.subject, one.weight) for one in judged.findings]


def one(judged: Plausibility) -> Finding:
    (finding,) = judged.findings
    return finding


def test_nothing_is_told_of_an_extract_as_it_should_be(engine: Engine) -> None:
    assert judge(engine).findings == ()


@pytest.mark.parametrize(
    ("rows", "methods", "told"),
    [
        (50, "'11'", True),
        (49, "'11'", False),
        (400, "CASE WHEN n = 7 THEN '2A' ELSE '81' END", False),
        (400, "'99'", False),
        (400, "CAST(NULL AS VARCHAR)", False),
    ],
)
def test_episodes_none_of_which_is_an_emergency_stop_the_night(
    engine: Engine, rows: int, methods: str, told: bool
) -> None:
    judged = judge(engine, rows, methods=methods)
    subject = "hospital_episodes.admission_method"
    assert found(judged) == ([("no admission is an emergency", subject, "stop")] if told else [])


@pytest.mark.parametrize(
    ("rows", "days", "told"),
    [
        (200, "0", True),
        (199, "0", False),
        (400, "CASE WHEN n < 201 THEN 0 ELSE n END", True),
        (400, "CASE WHEN n < 200 THEN 0 ELSE n END", False),
    ],
)
def test_most_events_on_one_day_stop_the_night(engine: Engine, rows: int, days: str, told: bool) -> None:
    judged = judge(engine, rows, days=days)
    expected = [("events are all on one day", "native.gp_events.event_date", "stop")]
    assert found(judged) == (expected if told else [])
    if told:
        assert "native.gp_events, column event_date" in one(judged).sentence
        assert "2020" not in one(judged).sentence + one(judged).fix


@pytest.mark.parametrize(
    ("rows", "values", "weight", "words"),
    [
        (100, "0", "stop", "all 100 numbers (from emis.carerecord_observation) are 0"),
        (100, "72", "warn", "are one and the same number"),
        (99, "0", None, ""),
        (1000, "CASE WHEN n < 951 THEN 0 ELSE n END", "warn", "951 of 1,000 numbers"),
        (1000, "CASE WHEN n < 950 THEN 0 ELSE n END", None, ""),
        (400, "CASE WHEN n < 300 THEN NULL ELSE n END", None, ""),
    ],
)
def test_numbers_that_are_all_0_or_all_the_same_are_lost(
    engine: Engine, rows: int, values: str, weight: str | None, words: str
) -> None:
    judged = judge(engine, rows, values=values)
    assert found(judged) == ([("numbers were lost", "gp_events.value", weight)] if weight else [])
    assert not weight or words in one(judged).sentence


def coded(column: str, rows: int, values: int) -> tuple[CodedColumn, ...]:
    return (
        CodedColumn(
            column=column, decides=True, rows=rows, values=values, respelled=0, said_unknown=0, unknown=0,
            unknown_values=(),
        ),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("column", "rows", "values", "told"),
    [
        ("patient_class", 100, 1, True),
        ("patient_class", 99, 1, False),
        ("patient_class", 100, 2, False),
        ("episode_status", 100, 1, False),  # finished episodes only, as HES sends them
        ("admission_source", 100, 1, False),  # decides nothing
    ],
)
def test_a_column_that_decides_and_has_one_value_is_told(
    engine: Engine, column: str, rows: int, values: int, told: bool
) -> None:
    judged = judge(engine, codes=coded(column, rows, values))
    cause = ("a column has one value throughout", f"native.hospital_episodes.{column}", "warn")
    assert found(judged) == ([cause] if told else [])


@pytest.mark.parametrize(
    ("missing", "rows", "weight"),
    [(251, 1000, "stop"), (250, 1000, "warn"), (51, 1000, "warn"), (50, 1000, None), (4, 8, None)],
)
def test_codes_that_the_senders_dictionary_lacks(
    engine: Engine, missing: int, rows: int, weight: str | None
) -> None:
    lookup = Lookup(
        layout="emis",
        table="prescribing_issuerecord",
        column="CodeId",
        dictionary="coding_drugcode",
        rows=rows,
        missing=missing,
    )
    judged = judge(engine, lookups=(lookup,))
    cause = ("codes are not in the sender's dictionary", "emis.prescribing_issuerecord.CodeId", weight)
    assert found(judged) == ([cause] if weight else [])
    assert ("emis.prescribing_issuerecord.CodeId", "not in coding_drugcode", missing, rows) in [
        row[:4] for row in judged.section.rows
    ]


def test_what_was_measured_stands_on_the_page_though_nothing_is_wrong(engine: Engine) -> None:
    rows = judge(engine).section.rows
    assert [row[:4] for row in rows] == [
        ("native.gp_events.event_date", "its commonest day", 1, 400),
        ("hospital_episodes.admission_method", "emergencies (2x)", 200, 400),
        ("gp_events.value", "0", 0, 400),
        ("prescriptions.quantity", "0", 0, 400),
    ]


def test_every_pair_of_admission_and_discharge_is_held_against_each_other() -> None:
    pairs = {
        (contract.name, rule.column, rule.arguments.get("column"))
        for contract in all_contracts(CONTRACTS)
        for rule in contract.rules_of("not_before")
    }
    assert {
        ("native.hospital_episodes", "discharge_date", "admission_date"),
        ("nhse.hes_apc", "DISDATE", "ADMIDATE"),
        ("cprd_aurum.hes_episodes", "discharged", "admidate"),
        ("omop.visit_occurrence", "visit_end_date", "visit_start_date"),
        ("native.ed_attendances", "departure_date", "arrival_date"),
        ("nhse.ecds", "DEPARTURE_DATE", "ARRIVAL_DATE"),
    } <= pairs
