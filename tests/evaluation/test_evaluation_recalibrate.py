"""A population of another level: the new intercept and slope bring O/E to 1 on later people, in the same order."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from copd_strat.errors import InputError, ModelError
from copd_strat.evaluation import measures, recalibrating, sample_size
from copd_strat.evaluation.candidates import ANY, OUTCOMES, SEVERE
from copd_strat.evaluation.recalibrating import PastTest, recalibrate
from copd_strat.risk.recalibration import load_recalibration
from copd_strat.risk.sealed_files import sealed, text_of

INDEX, LATER = date(2023, 10, 31), date(2024, 10, 31)
MODEL, SETTING = "accept3_cprd", "primary_care"


def predictions(n: int, seed: int, *, observed_over_expected: float = 0.8) -> pd.DataFrame:
    """People whose true yearly rate is the model's, scaled so that O/E has the wanted value."""
    rng = np.random.default_rng(seed)
    rates = {ANY: np.exp(rng.normal(-0.5, 0.7, n)), SEVERE: np.exp(rng.normal(-2.2, 0.9, n))}
    parts = []
    for outcome, rate in rates.items():
        risk = -np.expm1(-rate)
        scale = _scale_for(rate, observed_over_expected)
        parts.append(
            pd.DataFrame(
                {
                    "patient_id": [f"P{number:05d}" for number in range(n)],
                    "model": MODEL,
                    "outcome": outcome,
                    "predicted": risk.round(4),
                    "observed": rng.random(n) < -np.expm1(-scale * rate),
                    "followed_days": 365,
                    "ended_by": "horizon",
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def _scale_for(rate: np.ndarray, ratio: float) -> float:
    low, high = 0.1, 3.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (
            (middle, high)
            if np.expm1(-middle * rate).sum() / np.expm1(-rate).sum() < ratio
            else (low, middle)
        )
    return middle


def source(n: int = 6000, seed: int = 1, index: date = INDEX, **planted: float) -> PastTest:
    return PastTest(index=index, record={}, predictions=predictions(n, seed, **planted))


def written(folder: Path, content: dict[str, Any]) -> Path:
    path = folder / "recalibration.json"
    path.write_text(text_of(content), encoding="utf-8")
    return path


def signed(content: dict[str, Any]) -> dict[str, Any]:
    return content | {"signed_off_by": "A. Reader, respiratory lead", "signed_off_on": "2026-11-01"}


@pytest.fixture(scope="module")
def content() -> dict[str, Any]:
    return recalibrate([source()], MODEL, SETTING)


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_later_people_are_met_and_nobody_changes_place(
    content: dict[str, Any], tmp_path: Path, outcome: str
) -> None:
    level = load_recalibration(written(tmp_path, signed(content)), model=MODEL, care_setting=SETTING)
    line = {ANY: level.any_exacerbation, SEVERE: level.severe_exacerbation}[outcome]
    before = recalibrating.trial_of([source(seed=77, index=LATER)], MODEL, outcome)
    after = measures.Trial(
        predicted=line.risk(before.predicted), event=before.event, weight=before.weight, chosen=before.chosen
    )
    plain, mended = measures.oe_ratio(before), measures.oe_ratio(after)
    assert plain.upper < 1, "the model says too much here"
    assert mended.lower < 1 < mended.upper
    assert (pd.Series(before.predicted).rank() == pd.Series(after.predicted).rank()).all()
    if outcome == ANY:
        assert content["outcomes"][ANY]["oe_before"][0] == pytest.approx(0.8, abs=0.03)


def test_too_few_people_are_refused() -> None:
    with pytest.raises(ModelError, match=r"are too few, .* are needed") as caught:
        recalibrate([source(n=300)], MODEL, SETTING)
    assert caught.value.exit_code == 15
    assert "--index" in str(caught.value.fix)


def test_years_that_overlap_are_refused() -> None:
    with pytest.raises(ModelError, match="overlap"):
        recalibrate([source(), source(index=date(2024, 6, 30))], MODEL, SETTING)
    two = recalibrate([source(), source(seed=5, index=LATER)], MODEL, SETTING)
    assert two["outcomes"][ANY]["people"] == 12_000


def test_an_order_that_does_not_fit_is_refused() -> None:
    table = predictions(6000, 3)
    table["observed"] = 1 - table["observed"]  # those at risk are those without
    with pytest.raises(ModelError, match="order does not fit"):
        recalibrate([PastTest(index=INDEX, record={}, predictions=table)], MODEL, SETTING)


def test_a_back_test_that_was_never_made_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no back-test that can be read"):
        recalibrating.read_backtest(tmp_path, INDEX)


def altered(content: dict[str, Any]) -> dict[str, Any]:
    changed = json.loads(json.dumps(signed(content)))
    changed["outcomes"][SEVERE]["intercept"] += 0.5
    return changed


def turned_round(content: dict[str, Any]) -> dict[str, Any]:
    changed = json.loads(json.dumps(content))
    changed["outcomes"][SEVERE]["slope"] = -0.5
    return signed(sealed(changed))


def without_lines(content: dict[str, Any]) -> dict[str, Any]:
    return signed(sealed(content | {"outcomes": {}}))


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda content: content, "nobody has signed it off"),
        (altered, "not what its hash says"),
        (turned_round, "turn the order round"),
        (without_lines, "are missing"),
        (lambda content: signed(sealed(content | {"model": "accept3"})), "another model"),
        (
            lambda content: signed(sealed(content | {"care_setting": "hospital_clinic"})),
            "another care setting",
        ),
        (lambda content: signed(sealed(content | {"kind": "scorecard"})), "or no recalibration"),
    ],
)
def test_a_file_that_does_not_fit_is_refused(
    content: dict[str, Any], tmp_path: Path, change: Any, problem: str
) -> None:
    path = written(tmp_path, change(content))
    with pytest.raises(ModelError, match=problem) as caught:
        load_recalibration(path, model=MODEL, care_setting=SETTING)
    assert caught.value.exit_code == 15


@pytest.mark.parametrize("text", ["", "[]", "{}", "nonsense", '{"kind": "recalibration", "sha256": NaN}'])
def test_nonsense_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "recalibration.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ModelError, match=r"recalibration\.json"):
        load_recalibration(path, model=MODEL, care_setting=SETTING)


def test_the_sizes_are_riley_s() -> None:
    """Riley 2021's own closed form for O/E: a share of 10 % and a width of 0.4 need 865 people."""
    need = sample_size.to_recalibrate(np.linspace(0.02, 0.4, 1000), 0.1)
    assert need.by["observed over expected"] == 865
    assert need.by["100 with and 100 without"] == 1000
    # Riley 2019, box 1: 15 % of the possible Cox-Snell R2 and shrinkage of 0.9
    most = 1 - (0.1**0.1 * 0.9**0.9) ** 2
    expected = 20 / (-0.1 * np.log(1 - 0.15 * most / 0.9))
    assert sample_size.to_train(20, 0.1).by["little shrinkage"] == int(np.ceil(expected))
