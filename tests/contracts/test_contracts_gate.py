"""The gate: faults that only a suite can see stop the run; sound tables pass; nothing is said or sent."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from own_tables_world import sound_frame

from copd_strat.contracts.contract import Contract
from copd_strat.contracts.contract_files import load_contracts
from copd_strat.contracts.own_tables import own_table
from copd_strat.extracts.receipts import FileReceipt, Landing, TableReceipt
from copd_strat.quality import gate

CONTRACTS = Path(__file__).parents[2] / "data_contracts"
PATIENTS = 300
PRACTICE_FORM = "native.patients.practice_id.pattern"


@pytest.fixture(scope="module")
def native() -> dict[str, Contract]:
    return load_contracts(CONTRACTS, "native")


def landing(breaking: int, rows: int = 1000, lost: int = 0, refused: int = 0) -> Landing:
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
    return Landing(tables=tuple(tables), warnings=())


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


def test_results_are_a_record_and_a_page_without_values(tmp_path: Path, native: dict[str, Contract]) -> None:
    features = own_table("internal", "features")
    verdicts = [
        gate.judge_profile(landing(51), native.values()),
        gate.judge_table(sound_frame(features).assign(age=20.0), features),
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
texts = {{column.name: "clinic" for column in contract.columns}}
frame = pd.DataFrame({{**texts, "patient_id": [str(i) for i in range(n)], "sentinel": True,
                      "rank": range(1, n + 1)}})
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
