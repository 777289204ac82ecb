"""The gate: faults that only a suite can see stop the run; sound tables pass; nothing is said or sent."""

from __future__ import annotations

import json
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
from copd_strat.contracts.contract_files import load_contracts
from copd_strat.errors import ContractError
from copd_strat.extracts.receipts import FileReceipt, Ingested, TableReceipt
from copd_strat.quality import gate

CONTRACTS = Path(__file__).parents[2] / "data_contracts"
PATIENTS = 300
PRACTICE_FORM = "native.patients.practice_id.pattern"


@pytest.fixture(scope="module")
def internal() -> dict[str, Contract]:
    return load_contracts(CONTRACTS, "internal")


@pytest.fixture(scope="module")
def native() -> dict[str, Contract]:
    return load_contracts(CONTRACTS, "native")


def features() -> pd.DataFrame:
    """A sound register as the engine gives it: Arrow types, gaps as gaps."""
    n = np.arange(PATIENTS)
    severe = n % 3
    frame = pd.DataFrame(
        {
            "patient_id": [f"canary-{i}" for i in n],
            "practice_id": "A81001",
            "index_date": date(2026, 10, 31),
            "age": 50.0 + n % 40,
            "sex": np.where(n % 2, "female", "male"),
            "imd_quintile": 1 + n % 5,
            "exacerbations_12m": severe + 1,
            "severe_exacerbations_12m": severe,
            "moderate_exacerbations_12m": 1,
            "treated_exacerbations_12m": 1,
            "exacerbations_12m_excl_rescue": severe,
            "exacerbations_24m": severe + 2,
            "severe_exacerbations_24m": severe,
            "emergency_admissions_12m": severe + 1,
            "emergency_copd_admissions_12m": severe,
            "bed_days_12m": severe * 4,
            "last_exacerbation_date": date(2026, 9, 1),
            "mrc": 1 + n % 5,
            "mrc_date": date(2026, 1, 5),
            "cat": n % 41,
            "fev1_litres": 1.5,
            "fev1_pct_predicted": 30.0 + n % 60,
            "fev1_fvc_ratio": 0.6,
            "bmi": 27.0,
            "smoking_status": "ex",
            "a_column_of_its_own": 1,
        }
    )
    return pd.DataFrame(
        pa.Table.from_pandas(frame, preserve_index=False).to_pandas(types_mapper=pd.ArrowDtype)
    )


def scores() -> pd.DataFrame:
    n = np.arange(PATIENTS)
    return pd.DataFrame(
        {
            "patient_id": [f"canary-{i}" for i in n],
            "risk_any_12m": 0.2 + n / 1000,
            "risk_severe_12m": np.where(n % 10, 0.05 + n / 2000, np.nan),
            "rate_any_12m": 0.5,
            "rate_severe_12m": 0.1,
            "risk_model": "accept3_cprd",
            "risk_status": "scored",
            "gold_abe": ["A", "B", "E"] * (PATIENTS // 3),
            "gold_grade": pd.Series([1, 2, 3, 4] * (PATIENTS // 4), dtype="Int32"),
        }
    )


def dispositions() -> pd.DataFrame:
    n = np.arange(PATIENTS)
    return pd.DataFrame(
        {
            "patient_id": [f"canary-{i}" for i in n],
            "practice_id": "A81001",
            "disposition": np.where(n % 4, "self_management", "clinic"),
            "place": pd.Series(["clinic", None, None] * (PATIENTS // 3), dtype="str"),
            "rank": pd.Series(1 + n, dtype="Int32"),
        }
    )


FRAMES = {"features": features, "scores": scores, "dispositions": dispositions}


@pytest.mark.parametrize("table", FRAMES)
def test_sound_tables_pass(table: str, internal: dict[str, Contract]) -> None:
    verdict = gate.judge_table(FRAMES[table](), internal[table])
    assert verdict.success
    assert verdict.warnings == ()
    assert len(verdict.findings) >= len(internal[table].rules) - 2
    gate.require([verdict])


PLANTED: list[tuple[str, str, dict[str, Any]]] = [
    ("features", "unique", {"patient_id": "canary-1"}),
    ("features", "age.minimum", {"age": 20.0}),
    ("features", "age.mean_between", {"age": 110.0}),
    (
        "features",
        "severe_exacerbations_12m.not_above",
        {"severe_exacerbations_12m": 9, "severe_exacerbations_24m": 9},
    ),
    ("features", "exacerbations_12m.mean_between", {"exacerbations_12m": 20, "exacerbations_24m": 20}),
    ("features", "mrc.required", {"mrc": pd.NA}),
    ("features", "mrc_date.not_above", {"mrc_date": date(2026, 11, 5)}),
    ("features", "sex.valid_values_is_known", {"sex": "unknown"}),
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
def test_a_planted_fault_stops_the_run(
    table: str, rule: str, values: dict[str, Any], internal: dict[str, Contract]
) -> None:
    verdict = gate.judge_table(FRAMES[table]().assign(**values), internal[table])
    code = f"internal.{table}.{rule}"
    assert code in {found.code for found in verdict.failures}
    with pytest.raises(ContractError) as caught:
        gate.require([verdict])
    assert caught.value.exit_code == 12
    assert code in str(caught.value)
    assert "canary" not in str(caught.value)


def test_a_column_that_must_be_there_is_missed(internal: dict[str, Contract]) -> None:
    verdict = gate.judge_table(features().drop(columns="age"), internal["features"])
    assert {r.code for r in internal["features"].rules if r.column == "age"} <= {
        found.code for found in verdict.failures
    }


def test_a_column_of_the_wrong_type_is_refused(internal: dict[str, Contract]) -> None:
    with pytest.raises(ContractError, match="column age is not of type number") as caught:
        gate.judge_table(features().assign(age="canary"), internal["features"])
    assert "canary" not in str(caught.value)


def test_few_patients_are_not_judged_by_bands(internal: dict[str, Contract]) -> None:
    few = features().head(20).assign(mrc=pd.NA, age=95.0)
    assert gate.judge_table(few, internal["features"]).success


def test_what_nobody_can_observe_does_not_stop_the_run(internal: dict[str, Contract]) -> None:
    gaps = [name for name in features().columns if "severe" in name or "emergency" in name]
    frame = features().assign(**dict.fromkeys([*gaps, "exacerbations_12m", "exacerbations_24m"], pd.NA))
    assert gate.judge_table(frame, internal["features"]).success


def test_warnings_are_told_but_do_not_stop(internal: dict[str, Contract]) -> None:
    unscored = scores().assign(risk_severe_12m=np.nan)
    verdict = gate.judge_table(unscored, internal["scores"])
    assert verdict.success
    assert [found.code for found in verdict.warnings] == [
        r.code for r in internal["scores"].rules if r.code.endswith("risk_severe_12m.required")
    ]


def landing(breaking: int, rows: int = 1000, lost: int = 0, refused: int = 0) -> Ingested:
    """Needed tables as landed, the patients with ``breaking`` practice codes of the wrong form."""
    tables = []
    for name in ("patients", "gp_events", "prescriptions"):
        file = FileReceipt(
            name=f"{name}.csv",
            bytes=1,
            rows_in=rows,
            loaded=rows - lost - refused,
            quarantined=refused,
            duplicates=0,
            unread=(),
        )
        rules = {PRACTICE_FORM: breaking} if name == "patients" else {}
        tables.append(
            TableReceipt(layout="native", table=name, files=(file,), rules=rules, checked=Path(), accepted="")
        )
    return Ingested(tables=tuple(tables), warnings=())


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
def test_the_profile_is_judged_by_the_contracts_shares(
    breaking: int, rows: int, failed: list[str], warned: list[str], native: dict[str, Contract]
) -> None:
    verdict = gate.judge_profile(landing(breaking, rows), native.values())
    assert [found.code for found in verdict.failures] == failed
    assert [found.code for found in verdict.warnings] == warned


def test_needed_tables_without_accepted_rows_stop_the_run(native: dict[str, Contract]) -> None:
    verdict = gate.judge_profile(landing(0, refused=1000), native.values())
    assert [(f.code, f.table) for f in verdict.failures] == [
        ("GATE01", "native.patients, native.gp_events, native.prescriptions")
    ]


def test_lost_rows_stop_the_run(native: dict[str, Contract]) -> None:
    verdict = gate.judge_profile(landing(0, lost=1), native.values())
    assert [found.code for found in verdict.failures] == ["GATE02"]


def test_results_are_a_record_and_a_page_without_values(
    tmp_path: Path, internal: dict[str, Contract], native: dict[str, Contract]
) -> None:
    verdicts = [
        gate.judge_profile(landing(51), native.values()),
        gate.judge_table(features().assign(age=20.0), internal["features"]),
    ]
    as_json, as_page = gate.write_results(verdicts, tmp_path)
    record = json.loads(as_json.read_text(encoding="utf-8"))
    assert record["success"] is False
    assert {verdict["name"] for verdict in record["verdicts"]} == {"extracts", "internal.features"}
    page = as_page.read_text(encoding="utf-8")
    assert "no-go" in page
    assert PRACTICE_FORM in page
    assert '<html lang="en-GB">' in page
    assert "<script" not in page
    assert "http" not in page
    assert "canary" not in page + as_json.read_text(encoding="utf-8")
    again = gate.write_results(verdicts, tmp_path / "again")
    assert again[1].read_bytes() == as_page.read_bytes()


def python(program: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=True, timeout=120
    )


def test_great_expectations_is_imported_only_to_judge(tmp_path: Path) -> None:
    program = (
        "import sys; from copd_strat.quality import gate, guard; from copd_strat.contracts import "
        "documentation, lint; from copd_strat.checks import faults; "
        "print('great_expectations' in sys.modules)"
    )
    assert python(program, tmp_path).stdout.strip() == "False"


_OFFLINE = """
import resource, socket, sys
tried = []
def refuse(*args, **kwargs):
    tried.append(args)
    raise OSError("no network here")
socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = socket.create_connection = refuse
from pathlib import Path
import pandas as pd
from copd_strat.quality import gate
from copd_strat.contracts.contract_files import load_contracts
contract = load_contracts(Path({contracts!r}), "internal")["dispositions"]
n = 200_000
frame = pd.DataFrame({{"patient_id": [str(i) for i in range(n)], "practice_id": "A81001",
                      "disposition": "clinic", "place": "clinic", "rank": range(1, n + 1)}})
assert gate.judge_table(frame, contract).success
assert not gate.judge_table(frame.assign(rank=0), contract).success
assert tried == [], tried
seconds = resource.getrusage(resource.RUSAGE_SELF)
assert seconds.ru_utime + seconds.ru_stime < 20, seconds
"""


def test_it_is_offline_silent_writes_nothing_and_takes_seconds(tmp_path: Path) -> None:
    done = python(_OFFLINE.format(contracts=str(CONTRACTS)), tmp_path)
    assert (done.stdout, done.stderr) == ("", "")
    assert list(tmp_path.iterdir()) == []
