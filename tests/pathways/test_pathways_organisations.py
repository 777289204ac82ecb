"""Places may be shared by a network, a place or a board: each practice is given what it belongs to now."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

from copd_strat.config import EngineSettings
from copd_strat.engine import Engine, packaged_sql
from copd_strat.pathways.policy import Capacity

ORGANISATIONS = """
    SELECT * FROM (VALUES
        ('A81001', 'Old PCN', 'Old place', 'QX1', DATE '2020-04-01', DATE '2023-03-31'),
        ('A81001', 'East PCN', 'East place', 'QX2', DATE '2023-04-01', NULL),
        ('A81002', NULL, NULL, NULL, NULL, NULL)
    ) AS t(practice_id, pcn, sub_icb, icb, valid_from, valid_to)
"""


def test_a_practice_is_given_every_organisation_that_a_policy_may_name(tmp_path: Path) -> None:
    with Engine.open(EngineSettings(memory_limit="100MB", threads=1), tmp_path) as engine:
        engine.create_table("organisations", ORGANISATIONS)
        rows = engine.frame(packaged_sql("pathways", "networks")).set_index("practice_id")
    shared = [per for per in get_args(Capacity.model_fields["per"].annotation) if per != "practice_id"]
    assert rows.loc["A81001", shared].tolist() == ["East PCN", "East place", "QX2"]
    assert rows.loc["A81002", shared].isna().all()
