"""Tables made here: faults that only a suite can see are found; sound tables pass; nothing is said or sent."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from copd_strat.contracts.contract import Contract
from copd_strat.contracts.own_tables import arrow_schema, arrow_type, own_table
from copd_strat.contracts.part_files import PartFiles
from copd_strat.errors import ContractError
from copd_strat.quality.gate import judge_parts, judge_table

PATIENTS = 300
_FILLED: dict[str, Any] = {
    "string": "x",
    "date": date(2026, 1, 5),
    "boolean": True,
    "integer": 1,
    "number": 1.0,
}


def contract_of(table: str) -> Contract:
    return own_table("internal", table)


def sound(table: str, **known: Any) -> pd.DataFrame:
    """A table with every column of its contract: ``known`` values, else a gap where the contract allows one."""
    columns: dict[str, Any] = {}
    for column in contract_of(table).columns:
        value = known.get(column.name, _FILLED[column.type] if column.required else None)
        content = value if isinstance(value, (list, np.ndarray, pd.Series)) else [value] * PATIENTS
        columns[column.name] = pa.array(list(content), arrow_type(column), from_pandas=True)
    return pa.table(columns).to_pandas(types_mapper=pd.ArrowDtype)


def features() -> pd.DataFrame:
    """A sound register as the engine gives it: Arrow types, gaps as gaps."""
    n = np.arange(PATIENTS)
    severe = n % 3
    return sound(
        "features",
        patient_id=[f"canary-{i}" for i in n],
        practice_id="A81001",
        index_date=date(2026, 10, 31),
        age=50.0 + n % 40,
        sex=np.where(n % 2, "female", "male"),
        imd_quintile=1 + n % 5,
        exacerbations_12m=severe + 1,
        severe_exacerbations_12m=severe,
        moderate_exacerbations_12m=1,
        treated_exacerbations_12m=1,
        exacerbations_12m_excl_rescue=severe,
        exacerbations_24m=severe + 2,
        severe_exacerbations_24m=severe,
        moderate_exacerbations_24m=2,
        emergency_admissions_12m=severe + 1,
        emergency_copd_admissions_12m=severe,
        bed_days_12m=severe * 4,
        last_exacerbation_date=date(2026, 9, 1),
        mrc=1 + n % 5,
        mrc_date=date(2026, 1, 5),
        cat=n % 41,
        fev1_litres=1.5,
        fev1_pct_predicted=30.0 + n % 60,
        fev1_fvc_ratio=0.6,
        bmi=27.0,
        smoking_status="ex",
    )


def scores() -> pd.DataFrame:
    n = np.arange(PATIENTS)
    return sound(
        "scores",
        patient_id=[f"canary-{i}" for i in n],
        risk_any_12m=0.2 + n / 1000,
        risk_severe_12m=np.where(n % 10, 0.05 + n / 2000, np.nan),
        rate_any_12m=0.5,
        rate_severe_12m=0.1,
        risk_model="accept3_cprd",
        risk_status="scored",
        gold_abe=["A", "B", "E"] * (PATIENTS // 3),
        gold_grade=[1, 2, 3, 4] * (PATIENTS // 4),
    )


def dispositions() -> pd.DataFrame:
    n = np.arange(PATIENTS)
    return sound(
        "dispositions",
        patient_id=[f"canary-{i}" for i in n],
        practice_id="A81001",
        disposition=np.where(n % 4, "self_management", "clinic"),
        place=["clinic", None, None] * (PATIENTS // 3),
        rank=1 + n,
    )


FRAMES = {"features": features, "scores": scores, "dispositions": dispositions}


@pytest.mark.parametrize("table", FRAMES)
def test_sound_tables_pass(table: str) -> None:
    suite = judge_table(FRAMES[table](), contract_of(table))
    assert suite.success
    assert suite.warnings == ()
    judged = {found.code for found in suite.results}
    without_gaps = {
        rule.code
        for rule in contract_of(table).rules
        if rule.column is None or FRAMES[table]()[rule.column].notna().all()
    }
    assert without_gaps <= judged


PLANTED: list[tuple[str, str, dict[str, Any]]] = [
    ("features", "unique", {"patient_id": "canary-1"}),
    ("features", "age.minimum", {"age": 20.0}),
    ("features", "age.mean_between", {"age": 110.0}),
    ("features", "severe_exacerbations_12m.not_above", {"severe_exacerbations_12m": 9}),
    ("features", "exacerbations_12m.mean_between", {"exacerbations_12m": 20, "exacerbations_24m": 20}),
    ("features", "mrc_date.not_above", {"mrc_date": date(2026, 11, 5)}),
    ("features", "sex.valid_values_known", {"sex": "unknown"}),
    ("scores", "risk_severe_12m.maximum", {"risk_severe_12m": 1.2}),
    ("scores", "risk_any_12m.minimum", {"risk_any_12m": -0.1}),
    ("scores", "risk_severe_12m.mean_between", {"risk_severe_12m": 0.9, "risk_any_12m": 0.95}),
    ("scores", "risk_any_12m.distinct_between", {"risk_any_12m": 0.5}),
    ("scores", "risk_status.required", {"risk_status": None}),
    ("dispositions", "disposition.valid_values", {"disposition": "clinics"}),
    ("dispositions", "disposition.required", {"disposition": None}),
    ("dispositions", "rank.minimum", {"rank": 0}),
]


@pytest.mark.parametrize(("table", "rule", "values"), PLANTED, ids=[f"{t}-{r}" for t, r, _ in PLANTED])
def test_a_planted_fault_is_found(table: str, rule: str, values: dict[str, Any]) -> None:
    suite = judge_table(FRAMES[table]().assign(**values), contract_of(table))
    assert f"internal.{table}.{rule}" in {found.code for found in suite.failures}
    assert "canary" not in repr(suite)


def test_a_column_that_must_be_there_is_missed() -> None:
    suite = judge_table(features().drop(columns="age"), contract_of("features"))
    of_age = {rule.code for rule in contract_of("features").rules if rule.column == "age"}
    assert of_age <= {found.code for found in suite.failures}


@pytest.mark.parametrize(("column", "kind"), [("age", "number"), ("registration_start", "date")])
def test_a_column_of_the_wrong_type_is_refused(column: str, kind: str) -> None:
    """Also where no rule looks at the column, as at registration_start."""
    with pytest.raises(ContractError, match=f"column {column} is not of type {kind}") as caught:
        judge_table(features().assign(**{column: "canary"}), contract_of("features"))
    assert "canary" not in str(caught.value)


def test_few_patients_are_not_judged_by_bands() -> None:
    assert judge_table(features().head(20).assign(mrc=None, age=95.0), contract_of("features")).success


def test_one_person_never_stops_a_night() -> None:
    frame = features()
    frame.loc[frame.index[:4], "age"] = 20.0
    suite = judge_table(frame, contract_of("features"))
    assert suite.success
    assert "internal.features.age.minimum" in {found.code for found in suite.warnings}
    frame.loc[frame.index[:5], "age"] = 20.0
    assert not judge_table(frame, contract_of("features")).success


@pytest.mark.parametrize("spoilt", [{}, {"age": 20.0, "mrc": 9, "practice_id": None, "patient_id": "one"}])
def test_a_table_in_batches_is_judged_as_the_whole_of_it(spoilt: dict[str, Any], tmp_path: Path) -> None:
    frame, contract, parts = features(), contract_of("features"), PartFiles(tmp_path)
    for name, value in spoilt.items():
        frame.loc[frame.index[:40], name] = value
    for number, start in enumerate(range(0, PATIENTS, 130)):
        parts.add(number, frame.iloc[start : start + 130], arrow_schema(contract))
    whole = judge_table(frame, contract)
    assert whole.success is not bool(spoilt)
    for cells in (40 * PATIENTS, 10**9):
        assert judge_parts(parts, contract, cells) == whole


def test_what_nobody_can_observe_does_not_stop_the_run() -> None:
    gaps = [name for name in features().columns if "severe_" in name or "emergency" in name]
    unseen = dict.fromkeys([*gaps, "exacerbations_12m", "exacerbations_24m"], None) | {
        "severe_observable": False
    }
    assert judge_table(features().assign(**unseen), contract_of("features")).success


def test_warnings_are_told_but_do_not_stop() -> None:
    suite = judge_table(scores().assign(risk_severe_12m=np.nan), contract_of("scores"))
    assert suite.success
    assert [found.code for found in suite.warnings] == ["internal.scores.risk_severe_12m.required"]


def python(program: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=True
    )


def test_a_spark_that_lacks_its_client_s_packages_does_not_end_the_night(tmp_path: Path) -> None:
    client = tmp_path / "pyspark" / "sql" / "connect"
    client.mkdir(parents=True)
    for folder in (client.parents[1], client.parent):
        (folder / "__init__.py").write_text("")
    (client / "__init__.py").write_text("raise SystemExit(0)\n")
    program = (
        "import sys; sys.path.insert(0, '.'); from copd_strat.checks.expectations import expectations; "
        "expectations(); import pyspark.sql; print('judged')"
    )
    assert python(program, tmp_path).stdout == "judged\n"


def test_great_expectations_is_imported_only_to_judge(tmp_path: Path) -> None:
    program = (
        "import sys; from copd_strat import run, quality; from copd_strat.contracts import documentation, lint; "
        "print('great_expectations' in sys.modules)"
    )
    assert python(program, tmp_path).stdout.strip() == "False"


_OFFLINE = """
import socket
tried = []
def refuse(*args, **kwargs):
    tried.append(args)
    raise OSError("no network here")
socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = socket.create_connection = refuse
import pandas as pd
from copd_strat.contracts.own_tables import own_table
from copd_strat.quality.gate import judge_table
contract = own_table("internal", "scores")
frame = pd.DataFrame({column.name: ["x"] * 20 if column.type == "string" else [0.5] * 20
                      for column in contract.columns})
frame["patient_id"] = [str(n) for n in range(20)]
assert judge_table(frame.assign(gold_abe="A", gold_grade=1), contract).success
assert not judge_table(frame.assign(risk_any_12m=-1.0), contract).success
assert tried == [], tried
"""


def test_it_is_offline_and_silent_and_writes_nothing(tmp_path: Path) -> None:
    done = python(_OFFLINE, tmp_path)
    assert (done.stdout, done.stderr) == ("", "")
    assert list(tmp_path.iterdir()) == []
