"""The own model: the table is the fitted model, the same bytes twice, and nothing foreign is let in."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_limits

from copd_strat.config import Settings, load
from copd_strat.errors import ModelError
from copd_strat.evaluation import training
from copd_strat.evaluation.followed import Followed
from copd_strat.evaluation.own_ranking import own_ranking
from copd_strat.evaluation.training import Sample, Wanted, chosen_features, train
from copd_strat.pathways import load_policy
from copd_strat.pathways.policy import Policy
from copd_strat.risk import own_model
from copd_strat.risk.own_model import load_own
from copd_strat.risk.scorecard import scorecard
from copd_strat.risk.sealed_files import sealed, text_of

WANTED = Wanted(name="local_severe", title="Local", outcome="severe_exacerbation", seed=1)
PAST, HELD_OUT = (date(2022, 10, 31), date(2023, 10, 31)), date(2024, 10, 31)


def register(n: int, seed: int) -> pd.DataFrame:
    """Features of the kind that a register has, with gaps; index_date and ids for scoring."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({one.feature: rng.poisson(1.0, n).astype(float) for one in chosen_features()})
    frame["age"] = rng.normal(70, 9, n)
    frame["fev1_pct_predicted"] = np.where(rng.random(n) < 0.3, np.nan, rng.normal(60, 18, n))
    frame["mrc"] = np.where(rng.random(n) < 0.2, np.nan, rng.integers(1, 6, n))
    frame["smoking_status"] = rng.choice(["never", "ex", "current", None], n)
    for flag in (
        "severe_ever",
        "home_oxygen",
        "ics",
        "lama",
        "laba",
        "heart_failure",
        "anxiety",
        "bronchiectasis",
    ):
        frame[flag] = rng.random(n) < 0.3
    frame["patient_id"] = [f"P{number:05d}" for number in range(n)]
    frame["index_date"] = pd.Timestamp("2025-01-31")
    return frame


def true_odds(features: pd.DataFrame) -> np.ndarray:
    lungs = features["fev1_pct_predicted"].fillna(55).to_numpy()
    return np.asarray(
        -3.2
        + 0.8 * features["severe_exacerbations_12m"]
        + 0.35 * features["mrc"].fillna(2.5)
        - 0.02 * (lungs - 60)
    )


def sample(index: date, seed: int, n: int = 2500) -> Sample:
    features = register(n, seed)
    rng = np.random.default_rng([seed, 5])
    event = rng.random(n) < 1 / (1 + np.exp(-true_odds(features)))
    followed = Followed(
        event=event,
        days=np.full(n, 365.0),
        ended_by=pd.Series(np.where(event, "event", "horizon")),
        weight=np.ones(n),
    )
    published = np.where(features["fev1_pct_predicted"].isna(), np.nan, rng.beta(1, 9, n))
    return Sample(index=index, features=features, followed=followed, published=published)


SAMPLES = [sample(day, seed) for seed, day in enumerate((*PAST, HELD_OUT))]


@pytest.fixture(scope="module")
def content() -> dict[str, Any]:
    return train(SAMPLES, WANTED)


def test_training_twice_gives_the_same_bytes(content: dict[str, Any]) -> None:
    assert text_of(train(SAMPLES[::-1], WANTED)) == text_of(content)


def test_the_table_is_the_fitted_model(content: dict[str, Any]) -> None:
    """On people it has never seen, with and without gaps, to 1e-9 log-odds."""
    matrix = np.vstack([one.matrix() for one in SAMPLES[:2]])
    event = np.concatenate([one.followed.event for one in SAMPLES[:2]])
    with threadpool_limits(1):
        model = training._boosting(matrix, event, np.ones(len(event)), 1, additive=True)
    later = register(3000, 77)
    card = scorecard(content)
    numbers = Sample(
        index=HELD_OUT, features=later, followed=SAMPLES[0].followed, published=np.zeros(1)
    ).matrix()
    risk = card.probability(later)
    assert np.abs(np.log(risk / (1 - risk)) - model.decision_function(numbers)).max() < 1e-9


def test_a_model_with_interactions_has_no_table(content: dict[str, Any]) -> None:
    """The check of the table can fail."""
    one = SAMPLES[0]
    with threadpool_limits(1):
        model = training._boosting(one.matrix(), one.followed.event, np.ones(2500), 1, additive=False)
        features, intercept = training.tabulated(model, one.matrix())
    card = scorecard(content | {"features": features, "intercept": intercept})
    with pytest.raises(RuntimeError, match="log-odds away"):
        training.require_same(card, model, one.matrix())


def test_it_learns_what_is_there_in_the_direction_that_medicine_says(content: dict[str, Any]) -> None:
    found = content["performance"]
    own, boosting = (
        found[name]["c_statistic"] for name in ("additive (this model)", "full boosting, with interactions")
    )
    held_out = SAMPLES[2]
    best = training.measures.c_statistic(
        training.Trial(
            predicted=true_odds(held_out.features),
            event=held_out.followed.event,
            weight=held_out.followed.weight,
            chosen=np.zeros(2500),
        )
    )
    assert own[0] > best.value - 0.03
    assert own[0] > boosting[0] - 0.02
    truth = 1 / (1 + np.exp(-true_odds(held_out.features)))
    assert scorecard(content).probability(held_out.features).mean() == pytest.approx(truth.mean(), rel=0.1)
    directions = {one.feature: one.direction for one in chosen_features()}
    for feature in content["features"]:
        steps = np.diff(feature["log_odds"]) * directions[feature["feature"]]
        assert (steps >= 0).all(), feature["feature"]


def test_reasons_add_up_exactly(content: dict[str, Any]) -> None:
    card, people = scorecard(content), register(200, 9)
    reasons = own_model.reasons_of(card, people)
    total = reasons.groupby("patient_id", sort=True)["contribution"].sum().to_numpy()
    odds = np.log(card.probability(people) / (1 - card.probability(people)))
    at_reference = card.intercept + sum(f.terms_of(np.array([f.reference]))[0] for f in card.features)
    np.testing.assert_allclose(total, odds - at_reference, atol=1e-9)
    first = reasons[reasons["position"] == 1].set_index("patient_id")["contribution"].abs()
    assert (
        first >= reasons.groupby("patient_id")["contribution"].apply(lambda c: c.abs().max()) - 1e-12
    ).all()


def test_a_feature_that_knows_the_outcome_is_refused() -> None:
    leaking = [
        Sample(
            index=one.index,
            features=one.features.assign(
                bmi=one.followed.event * 10.0 + np.random.default_rng(0).random(2500)
            ),
            followed=one.followed,
            published=one.published,
        )
        for one in SAMPLES
    ]
    with pytest.raises(ModelError, match="bmi alone tells the outcome"):
        train(leaking, WANTED)


def test_outcomes_that_reach_into_the_next_features_are_refused() -> None:
    near = Sample(
        index=date(2023, 6, 30),
        features=SAMPLES[1].features,
        followed=SAMPLES[1].followed,
        published=SAMPLES[1].published,
    )
    with pytest.raises(ModelError, match="would leak"):
        train([SAMPLES[0], near], WANTED)
    with pytest.raises(ModelError, match="two index dates"):
        train(SAMPLES[:1], WANTED)


def test_too_few_people_are_refused() -> None:
    with pytest.raises(ModelError, match="too few to train on"):
        train([sample(day, 3, n=300) for day in (*PAST, HELD_OUT)], WANTED)


def altered(content: dict[str, Any]) -> dict[str, Any]:
    changed = json.loads(json.dumps(content))
    changed["features"][0]["log_odds"][0] += 1
    return changed


def resealed(**changes: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda content: sealed(content | changes)


def of_other_features(content: dict[str, Any]) -> dict[str, Any]:
    return sealed(content | {"training": content["training"] | {"features_version": "1.0.0"}})


def of_a_stranger(content: dict[str, Any]) -> dict[str, Any]:
    return sealed(content | {"features": [content["features"][0] | {"feature": "postcode"}]})


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (altered, "not what its hash says"),
        (of_other_features, "made for version 1.0.0 of the features"),
        (of_a_stranger, "do not exist here"),
        (resealed(kind="recalibration"), "or no scorecard"),
        (resealed(training={}), "does not say what it was trained on"),
        (resealed(features=[]), "holds no feature"),
        (resealed(intercept="__import__('os')"), "incomplete or malformed"),
        (resealed(features=["!!python/object"]), "incomplete or malformed"),
    ],
)
def test_a_foreign_or_altered_file_is_refused(
    content: dict[str, Any], tmp_path: Path, change: Callable[[dict[str, Any]], dict[str, Any]], problem: str
) -> None:
    path = tmp_path / "own.json"
    path.write_text(text_of(change(content)), encoding="utf-8")
    with pytest.raises(ModelError, match=problem) as caught:
        load_own(path)
    assert caught.value.exit_code == 15


def test_a_pickle_is_never_opened(tmp_path: Path) -> None:
    path = tmp_path / "own.json"
    path.write_bytes(b"cposix\nsystem\n(S'touch " + str(tmp_path / "ran").encode() + b"'\ntR.")
    with pytest.raises(ModelError, match="no scorecard of this program"):
        load_own(path)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("index", [PAST[-1], date(2029, 1, 31)])
def test_a_window_that_does_not_fit_is_refused(content: dict[str, Any], tmp_path: Path, index: date) -> None:
    path = tmp_path / "own.json"
    path.write_text(text_of(content), encoding="utf-8")
    own = load_own(path)
    own.require_window(date(2025, 1, 31))
    with pytest.raises(ModelError, match="does not fit an index"):
        own.require_window(index)


def test_the_page_can_be_read(content: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "own.json"
    path.write_text(text_of(content), encoding="utf-8")
    page = own_model.show_text(load_own(path))
    assert "local_severe: Local" in page
    assert "not known" in page
    assert "c statistic" in page
    assert "start from log-odds" in page
    flag = page.split("    a severe exacerbation ever\n")[1].splitlines()
    assert [row.split()[0] for row in flag[:2]] in (["no", "yes"], ["any", "not"])


CONFIG = """
title: Test
governance: {{legal_basis: x, approval_reference: x, approval_expires: 2099-12-31, controller: x,
  opt_out_regime: type1, opt_out_applied_on: 2026-03-31}}
extracts: [{{layout: native, path: extracts}}]
output: output
risk: {{care_setting: primary_care, scorecards: [{cards}]}}
"""


def site(folder: Path, content: dict[str, Any], *, cards: str = "own.json") -> Settings:
    (folder / "own.json").write_text(text_of(content), encoding="utf-8")
    (folder / "site.yaml").write_text(CONFIG.format(cards=cards), encoding="utf-8")
    return load(folder / "site.yaml")


def policy(**ranking: Any) -> Policy:
    plain = load_policy("risk_and_rules")
    return plain.model_copy(update={"ranking": plain.ranking.model_copy(update=ranking)})


def tried(folder: Path, index: str, seal: str) -> None:
    place = folder / "output" / "backtest" / index
    place.mkdir(parents=True, exist_ok=True)
    record = {"index": index, "own_models": {"local_severe": seal}}
    (place / "backtest.json").write_text(json.dumps(record), encoding="utf-8")


def test_it_ranks_only_where_the_policy_names_it_and_its_back_test_is_on_record(
    content: dict[str, Any], tmp_path: Path
) -> None:
    settings = site(tmp_path, content)
    assert own_ranking(policy(), settings) is None
    named = policy(model="local_severe")
    with pytest.raises(ModelError, match="has no back-test at 2024-10-31 or later"):
        own_ranking(named, settings)
    tried(tmp_path, "2024-10-30", content["sha256"])  # before the last outcomes that it learned from
    tried(tmp_path, "2024-11-30", "another file's hash")
    with pytest.raises(ModelError, match="may not rank"):
        own_ranking(named, settings)
    tried(tmp_path, "2024-10-31", content["sha256"])
    found = own_ranking(named, settings)
    assert found is not None
    assert found.seal == content["sha256"]


@pytest.mark.parametrize(
    ("ranking", "cards", "problem"),
    [
        ({"model": "another"}, "own.json", "which no file of risk.scorecards holds"),
        ({"model": "local_severe", "rank_by": "any"}, "own.json", "speaks of others"),
        ({}, "own.json, own.json", "two models are called local_severe"),
        ({}, "nowhere.json", "no such file"),
    ],
)
def test_what_does_not_fit_stops_the_run(
    content: dict[str, Any], tmp_path: Path, ranking: dict[str, Any], cards: str, problem: str
) -> None:
    with pytest.raises(ModelError, match=problem):
        own_ranking(policy(**ranking), site(tmp_path, content, cards=cards))
