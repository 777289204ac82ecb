"""Two nights with answers: an answer without effect, or a place too many, stops the second one."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pathways_population import AS_OF
from pathways_register import moved_about, night, no_answers, people, register_engine

from copd_strat.pathways import Placement, Policy, feedback, last_dispositions, load_policy
from copd_strat.pathways import capacity as places
from copd_strat.pathways.policy import Capacity
from copd_strat.quality.placed_people import placed_as_declared

# the package's functions have the names of these modules
assign, assign_register = (
    sys.modules[f"copd_strat.pathways.{name}"] for name in ("assign", "assign_register")
)
TOMORROW = AS_OF + timedelta(days=1)
FEW = Capacity(places_per_1000=60, at_least=3, exceptions={"A81002": 1})
POLICY = load_policy("risk_and_rules").model_copy(update={"capacity": FEW})
NETWORKS = POLICY.model_copy(update={"capacity": Capacity(per="pcn", places=9)})
WORDS = ("declined", "Accepted", "wrong", "already known")
Plant = Callable[[pytest.MonkeyPatch], None]


def answered(first: Placement) -> pd.DataFrame:
    """Answers of all kinds about the first night's clinic lists; every fifth person was accepted months ago."""
    clinic = first.frame("practice_id", "patient_ref", "disposition").query("disposition == 'clinic'")
    some = clinic.iloc[::2].drop(columns="disposition").astype(object).reset_index(drop=True)
    words = [WORDS[n % len(WORDS)] for n in range(len(some))]
    answers = some.assign(run_id=f"{AS_OF:%Y%m%d}-abcdef01", decision=words, reason=None, decided_on=AS_OF)
    before = answers.iloc[::5].assign(decision="accepted", decided_on=AS_OF - timedelta(days=100))
    changed = answers.iloc[::6].assign(decision="accepted", decided_on=TOMORROW)  # declined yesterday
    beside = changed.iloc[::2].assign(decision="wrong")  # and two answers of one day, which do not count
    # a word that is typed otherwise and may or may not be one: it is not judged
    typed = answers.iloc[4:5].assign(
        patient_ref=lambda own: own["patient_ref"].str.lower(), decision="accept"
    )
    every = pd.concat([before, answers, changed, beside, typed.assign(decided_on=TOMORROW)])
    return every.astype({"reason": "str"})


@dataclass(frozen=True)
class FirstNight:
    """The run of a first night, and the answers to its lists."""

    run: Path
    decisions: pd.DataFrame


def first_night(folder: Path, policy: Policy) -> FirstNight:
    with register_engine(folder) as engine:
        no_answers(engine)
        placed = night(engine, people(1), 10**6, folder, policy=policy)
        assert not placed_as_declared(engine, placed, policy, None, AS_OF).failures
        return FirstNight(folder / "run", answered(placed))


@pytest.fixture(scope="module")
def yesterday(tmp_path_factory: pytest.TempPathFactory) -> FirstNight:
    return first_night(tmp_path_factory.mktemp("yesterday"), POLICY)


def second_night(folder: Path, first: FirstNight, policy: Policy = POLICY) -> dict[str, float]:
    """What the proofs find wrong with the second night."""
    with register_engine(folder) as engine:
        engine.register_frame("decisions", first.decisions)
        second = night(
            engine,
            moved_about(people(1)),
            10**6,
            folder,
            policy=policy,
            as_of=TOMORROW,
            previous=first.run,
        )
        found = placed_as_declared(engine, second, policy, last_dispositions(first.run), TOMORROW)
    observed = {name: n for result in found.results for name, n in result.observed.items()}
    assert bool(found.failures) is any(observed.values())
    return {name: n for name, n in observed.items() if n}


def test_nights_without_a_fault_pass(yesterday: FirstNight, tmp_path: Path) -> None:
    assert second_night(tmp_path, yesterday) == {}


def test_nights_of_networks_pass(tmp_path: Path) -> None:
    first = first_night(tmp_path / "first", NETWORKS)
    assert second_night(tmp_path / "second", first, NETWORKS) == {}


def given_by(module: Any, name: str, change: Callable[[Any], Any]) -> Plant:
    """``module.name`` gives what ``change`` makes of its result."""
    right = getattr(module, name)
    return lambda patched: patched.setattr(module, name, lambda *a, **k: change(right(*a, **k)))


def answers_lost(patched: pytest.MonkeyPatch) -> None:
    patched.setattr(assign_register, "assign", lambda *a, **k: assign.assign(*a, **k | {"decisions": None}))


def first_answer_counts(patched: pytest.MonkeyPatch) -> None:
    right = feedback.validate_decisions

    def earliest(*given: Any) -> feedback.Feedback:
        found = right(*given)
        once = found.accepted.sort_values("decided_on").drop_duplicates(["practice_id", "patient_ref"])
        return feedback.Feedback(accepted=once, refused=found.refused, notes=found.notes)

    patched.setattr(feedback, "validate_decisions", earliest)


def effects(**instead: str) -> Callable[[feedback.InForce], feedback.InForce]:
    def changed(found: feedback.InForce) -> feedback.InForce:
        other = np.array([instead.get(effect, effect) for effect in found.effect], dtype=object)
        says = np.array([words or "" for words in found.says], dtype=object)
        return feedback.InForce(found.decision, other, found.decided_on, says)

    return changed


FAULTS: dict[str, tuple[Plant, str]] = {
    "answers are lost": (answers_lost, "listed_against_an_answer"),
    "the first answer counts": (first_answer_counts, "listed_against_an_answer"),
    "answers run out at once": (given_by(feedback, "_holds", np.zeros_like), "listed_against_an_answer"),
    "wrong has no effect": (
        given_by(assign, "in_force", effects(clinical_review="none")), "listed_against_an_answer"
    ),
    "accepted has no effect": (
        given_by(assign, "in_force", effects(keep_without_place="none")), "places_given_against_an_answer"
    ),
    "people fall off all lists": (
        given_by(assign, "in_force", effects(none="not_listed")), "not_listed_without_an_answer"
    ),
    "a place too many": (given_by(places, "places_of_each", lambda n: n + 1), "too_many"),
    "a place too few": (given_by(places, "places_of_each", lambda n: n - 1), "withheld"),
    "the lowest risk first": (given_by(places, "_level", lambda n: np.where(np.isinf(n), n, -n)), "out_of_turn"),
    "places of this month are forgotten": (
        given_by(places, "_in_month", np.zeros_like), "taken_away"
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_stops_the_second_night(
    fault: str, yesterday: FirstNight, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant, told = FAULTS[fault]
    plant(monkeypatch)
    assert told in second_night(tmp_path, yesterday)
