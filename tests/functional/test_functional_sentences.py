"""Every sentence of every list of a synthetic night, read back against the facts it speaks of."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from functional_site import AS_OF
from sentence_reader import CELLS, Patient, faults

from copd_strat.pathways import LISTED, SHIPPED, assign, load_policy

RUN_DATE = date.fromisoformat(AS_OF)


@pytest.fixture(scope="module")
def run_folder(published: Any) -> Path:
    pointer = json.loads((published.folder / "output" / "CURRENT.json").read_text())
    return published.folder / "output" / "runs" / pointer["folder"]


@pytest.fixture(scope="module")
def patients(run_folder: Path) -> pd.DataFrame:
    return pd.read_parquet(run_folder / "analyst" / "patients.parquet")


@pytest.fixture(scope="module")
def events(run_folder: Path) -> dict[str, pd.DataFrame]:
    table = pd.read_parquet(run_folder / "analyst" / "exacerbations.parquet")
    return {str(patient): own for patient, own in table.groupby("patient_id")}


def readers(
    frame: pd.DataFrame, events: dict[str, pd.DataFrame], as_of: date = RUN_DATE
) -> Iterator[tuple[Patient, Mapping[str, Any]]]:
    none = next(iter(events.values())).head(0)
    for row in frame.astype(object).to_dict("records"):
        yield Patient(row, events.get(row["patient_id"], none), as_of), row


def lines_of(run_folder: Path) -> Iterator[dict[str, str]]:
    for name in LISTED:
        for path in (run_folder / "direct_care").glob(f"*/*_{name}.csv"):
            with path.open(encoding="utf-8-sig", newline="") as stream:
                yield from csv.DictReader(stream)


def test_every_sentence_on_every_list_is_true(
    run_folder: Path, patients: pd.DataFrame, events: dict[str, pd.DataFrame]
) -> None:
    known = {row["patient_ref"]: patient for patient, row in readers(patients, events)}
    found, said = Counter[str](), 0
    for line in lines_of(run_folder):
        found.update(faults(known[line["patient_ref"]], line))
        said += sum(1 for cell in CELLS if line[cell])
    assert found == Counter()
    assert said > 1000, "the night says too little to prove anything"


@pytest.mark.parametrize("policy", SHIPPED)
def test_the_sentences_of_each_policy_are_true_on_two_nights(
    policy: str, patients: pd.DataFrame, events: dict[str, pd.DataFrame]
) -> None:
    """The second night adds those who stay on although no rule holds."""
    rules = load_policy(policy)
    first = assign(patients, rules, as_of=RUN_DATE - timedelta(days=9))
    calmer = patients.assign(
        risk_severe_12m=patients["risk_severe_12m"] / 4,
        gp_nominated=pd.array([False] * len(patients), dtype="boolean"),
    )
    second = assign(calmer, rules, as_of=RUN_DATE, previous=first.history)
    found = Counter[str]()
    for result, as_of in ((first, RUN_DATE - timedelta(days=9)), (second, RUN_DATE)):
        for patient, row in readers(result.patients, events, as_of):
            if row["disposition"] in LISTED:
                found.update(faults(patient, {**row, "data_warning": row["data_warnings"]}))
    assert found == Counter()


def test_the_reader_finds_what_is_not_true(patients: pd.DataFrame, events: dict[str, pd.DataFrame]) -> None:
    """A proof that can fail: a wrong date, a wrong count, words of another rule, a treatment as a reason."""
    admitted = next(
        (patient, row)
        for patient, row in readers(patients, events)
        if patient["severe_exacerbations_12m"] == 1
    )
    patient, row = admitted
    truth = row["why_1"]
    assert not list(faults(patient, {"why_1": truth}))
    for wrong in (
        truth.replace("1 exacerbation with", "2 exacerbations with"),
        "1 exacerbation with emergency admission in 12 months, last began 1 Jan 2020",
        "No entry in the GP record for 15 months, last 26 Jun 2024",
        "Raises the risk: on an inhaled steroid, latest inhaler 1 Mar 2026",
        "No usable FEV1 on record" if patient["fev1_pct_predicted"] else "FEV1 62 % predicted",
    ):
        assert len(list(faults(patient, {"why_1": wrong}))) == 1
