"""The clock is data, it is checked, and it moves nobody."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from followup_world import AS_OF, Clock

from copd_strat.config import RiskSettings
from copd_strat.errors import ConfigError
from copd_strat.pathways import SHIPPED, assign, describe, load_policy
from copd_strat.risk.register import score_register

POLICY = load_policy("risk_and_rules")


def placed(night: Clock, events: tuple[str, ...], today: int) -> pd.DataFrame:
    scored = score_register(night.patients, RiskSettings(care_setting="primary_care"))
    frame = night.patients.merge(scored.scores, on="patient_id").assign(pcn=None, sub_icb=None, icb=None)
    clock = POLICY.follow_up.model_copy(update={"events": events, "today": today})
    policy = POLICY.model_copy(update={"follow_up": clock})
    return assign(frame, policy, as_of=AS_OF, reasons=scored.reasons).patients


def test_the_clock_never_moves_anybody(night: Clock) -> None:
    """With a clock for everything and with none, everybody is where they were, word for word."""
    pd.testing.assert_frame_equal(
        placed(night, ("discharge", "moderate", "app_stopped", "cat_worse"), 999), placed(night, (), 0)
    )


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_policy_has_the_clock_with_its_sources(name: str) -> None:
    clock = load_policy(name).follow_up
    assert clock.events == ("discharge", "moderate")
    assert {duty.id: duty.within_days for duty in clock.duties if "discharge" in duty.after} == {
        "review": 30,
        "rehabilitation": 28,
        "bundle": 14,
        "inhaler_check": 30,
    }
    assert all(duty.source for duty in clock.duties)
    assert "Pulmonary rehabilitation started within 4 weeks" in describe(load_policy(name))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("done_by: [copd_revue]", "nothing shows 'copd_revue' \\(did you mean 'copd_review'"),
        ("after: [funeral]", "after"),
        ("within_days: -1", "within_days"),
    ],
)
def test_a_fault_in_a_duty_is_told_with_its_key(tmp_path: Path, line: str, said: str) -> None:
    duty = {
        "after": "after: [discharge]",
        "within_days": "within_days: 3",
        "done_by": "done_by: [copd_review]",
    }
    duty[line.split(":", maxsplit=1)[0]] = line
    text = "\n".join(f"      {one}" for one in duty.values())
    file = tmp_path / "own.yaml"
    file.write_text(
        "based_on: risk_and_rules\nid: own\nfollow_up:\n  events: [discharge]\n  keep_days: 90\n  tell_days: 9\n"
        "  today: 5\n"
        "  app_alerts: {stopped_after_days: 30, cat_worse_by: 2, source: test}\n  duties:\n"
        f"    - id: call\n      says: call\n      means: Call\n      source: test\n{text}\n",
        encoding="utf-8",
    )
    with pytest.raises(ConfigError, match=said):
        load_policy(file)
