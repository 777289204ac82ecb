"""Drift is told when it is more than chance, and risks are held against what came."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest
from clinical_world import World

from copd_strat.config import MonitoringSettings
from copd_strat.evaluation import maturing, monitoring, snapshots
from copd_strat.evaluation.candidates import ANY, SEVERE
from copd_strat.evaluation.monitoring import Reference, drifts, fitting, psi, reference_from, take_figures
from copd_strat.pathways import load_policy
from copd_strat.risk import registry

MODEL = registry.model("accept3_cprd")
SETTINGS = MonitoringSettings()
AS_OF = date(2026, 4, 10)


def register(n: int = 4000, seed: int = 1, **planted: float) -> pd.DataFrame:
    """A register of one row a patient, as the night has it; ``planted`` shifts columns by name."""
    rng = np.random.default_rng(seed)
    numbers = {
        p.feature: rng.normal(50, 10, n) + planted.get(str(p.feature), 0.0)
        for p in MODEL.predictors
        if p.feature
    }
    frame = pd.DataFrame(numbers)
    frame["sex"] = rng.choice(["female", "male"], n)
    frame["smoking_status"] = rng.choice(["never", "ex", "current"], n)
    frame["risk_any_12m"] = rng.beta(2, 3, n)
    frame["risk_severe_12m"] = np.clip(rng.beta(1, 9, n) + planted.get("risk_severe_12m", 0.0), 0, 1)
    tiers = ["clinic", "self_management", "clinical_review", "not_listed"]
    shift = planted.get("clinic", 0.0)
    frame["disposition"] = rng.choice(tiers, n, p=[0.25 + shift, 0.6 - shift, 0.13, 0.02])
    return frame


def figures(frame: pd.DataFrame, like: Reference | None = None, policy: str = "p 1.0") -> Reference:
    return take_figures(frame, MODEL, as_of=AS_OF, model="m", policy=policy, like=like)


def told(tonight: pd.DataFrame, before: pd.DataFrame | None = None) -> dict[tuple[str, str], str]:
    reference = figures(register() if before is None else before)
    found = drifts(reference, figures(tonight, reference), SETTINGS)
    return {(one.subject, one.measure): one.weight for one in found if one.weight}


@pytest.mark.parametrize("size", [60, 400, 4000])
def test_chance_alone_is_never_told(size: int) -> None:
    """20 pairs of registers of the same people's kind, small ones too."""
    for seed in range(20):
        assert told(register(size, 2 * seed), register(size, 2 * seed + 1)) == {}


def test_a_raw_index_would_cry_wolf_on_small_registers() -> None:
    """The proof above can fail: without chance taken off, 60 people look shifted most nights."""
    loud = 0
    for seed in range(20):
        reference = figures(register(60, 2 * seed))
        now = figures(register(60, 2 * seed + 1), reference)
        before, after = reference.columns["age"].shares, now.columns["age"].shares
        raw = sum(
            (max(after.get(b, 0), 1 / 120) - max(before.get(b, 0), 1 / 120))
            * np.log(max(after.get(b, 0), 1 / 120) / max(before.get(b, 0), 1 / 120))
            for b in before.keys() | after.keys()
        )
        loud += raw > SETTINGS.psi_warn
    assert loud > 10


def test_a_shift_is_told_and_a_large_one_stops() -> None:
    assert told(register(seed=2, fev1_pct_predicted=5.0)) == {
        ("fev1_pct_predicted", "stability index"): "warn"
    }
    assert (
        told(register(seed=2, fev1_pct_predicted=30.0))[("fev1_pct_predicted", "stability index")] == "stop"
    )
    assert ("risk_severe_12m", "stability index") in told(register(seed=2, risk_severe_12m=0.1))


def test_values_that_go_missing_are_told() -> None:
    gone = register(seed=2)
    gone.loc[:799, "bmi"] = np.nan
    assert told(gone) == {("bmi", "share missing"): "warn"}
    gone.loc[:2999, "bmi"] = np.nan
    assert told(gone)[("bmi", "share missing")] == "stop"


def test_tiers_that_move_are_told() -> None:
    moved = told(register(seed=2, clinic=0.2))
    assert set(moved) == {("clinic", "share of the register"), ("self_management", "share of the register")}


def test_a_finding_stops_with_the_run_guard_s_code() -> None:
    reference = figures(register())
    now = figures(register(seed=2, fev1_pct_predicted=30.0), reference)
    worst = next(one for one in drifts(reference, now, SETTINGS) if one.weight == "stop")
    finding = monitoring.as_finding(worst, AS_OF)
    assert finding.weight == "stop"
    assert finding.exit_code == 13
    assert "reference_since" in finding.fix


def test_the_reference_is_handed_on_until_something_is_meant_to_change() -> None:
    kept = figures(register()).to_json()
    assert fitting(kept, "m", "p 1.0", SETTINGS) == reference_from(kept)
    assert fitting({}, "m", "p 1.0", SETTINGS) is None
    assert fitting(kept, "another", "p 1.0", SETTINGS) is None
    assert fitting(kept, "m", "p 2.0", SETTINGS) is None
    renewed = MonitoringSettings(reference_since=date(2026, 5, 1))
    assert fitting(kept, "m", "p 1.0", renewed) is None


def test_the_index_is_its_definition_less_chance() -> None:
    before, now = {"a": 0.5, "b": 0.5}, {"a": 0.7, "b": 0.3}
    raw = 0.2 * np.log(0.7 / 0.5) - 0.2 * np.log(0.3 / 0.5)
    chance = 15.1367 * (2 / 10_000)  # chi-squared of one degree, passed once in 10,000
    assert psi(before, now, 10_000, 10_000) == pytest.approx(raw - chance, abs=1e-6)


def snapshot(people: int, risk: float, index: str) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "month": pd.Timestamp("2025-01-01"),
            "patient_id": [f"p{number}" for number in range(people)],
            "index_date": pd.Timestamp(index),
            "model": "m",
            "risk_any_12m": risk,
            "risk_severe_12m": risk / 5,
        }
    )


def test_risks_are_held_against_the_time_that_has_passed(world: World) -> None:
    """40 people at a risk of 0.5, half a year on: 11.7 events expected, 25 seen; one died after a month."""
    for number in range(40):
        world.patient(f"p{number}")
    for number in range(25):
        world.course(f"p{number}", "2025-03-01")
    world.death("p39", "2025-01-30")
    world.build(index="2025-06-30", as_of="2025-07-10")
    found = maturing.matured(world.engine, snapshot(40, 0.5, "2024-12-31"), date(2025, 6, 30))
    any_kind = next(one for one in found if one.outcome == ANY)
    assert (any_kind.observed, any_kind.days) == (25, 181)
    half_year, month = 1 - 0.5 ** (181 / 365), 1 - 0.5 ** (30 / 365)
    assert any_kind.expected == pytest.approx(39 * half_year + month)
    severe = next(one for one in found if one.outcome == SEVERE)
    assert severe.observed == 0
    warned = list(maturing.calibration_findings(found, MonitoringSettings(oe_warn=1.05, oe_stop=3.0)))
    assert [(one.subject, one.weight) for one in warned] == [("any exacerbation", "warn")]
    assert not list(maturing.calibration_findings(found, MonitoringSettings(oe_warn=2.5)))
    stopped = list(maturing.calibration_findings(found, MonitoringSettings(oe_warn=1.01, oe_stop=1.02)))
    assert stopped[0].weight == "stop"


def test_a_month_too_young_says_nothing(world: World) -> None:
    world.patient("p0")
    world.build(index="2025-06-30", as_of="2025-07-10")
    assert maturing.matured(world.engine, snapshot(1, 0.5, "2025-05-31"), date(2025, 6, 30)) == []


def placed(month_day: date) -> pd.DataFrame:
    frame = register(50).assign(
        patient_id=[f"p{number}" for number in range(50)], practice_id="A81001", rank=1, place=None
    )
    given = pd.Series(pd.NaT, index=frame["patient_id"], dtype="datetime64[us]")
    return snapshots.add_snapshot(
        KEPT[-1],
        frame,
        load_policy("risk_and_rules"),
        as_of=month_day,
        index=month_day,
        model="m",
        given_on=given,
        asked=None if month_day.month < 3 else "a question",
    )


KEPT = [snapshots.read_snapshots(None)]


def test_one_snapshot_a_month_is_kept_and_the_oldest_go() -> None:
    first = placed(date(2026, 1, 5))
    assert len(first) == 50
    KEPT.append(first)
    try:
        assert placed(date(2026, 1, 30)) is first
        assert placed(date(2026, 2, 1))["month"].nunique() == 2
        assert placed(date(2029, 1, 1))["month"].nunique() == 1
    finally:
        KEPT.pop()
