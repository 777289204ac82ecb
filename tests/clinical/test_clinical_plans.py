"""No statement compares everybody with everybody: that takes a small practice no time and England a night."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from clinical_world import World

from copd_strat.clinical import build_monthly
from copd_strat.engine import Engine, packaged_sql, render
from copd_strat.summary.indicator_events import count_events

# A condition that is neither an equality nor a comparison of one column of each side is tried on every pair of rows.
_EVERY_PAIR = "BLOCKWISE_NL_JOIN"
# Pairs with a short table: bands of age, code lists.
_SHORT = ("code_counts", "diagnosis_lookup", "monthly_register_part_")
MONTHS = [date(2025, 5, 1), date(2025, 6, 1)]


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The beginnings of statements that compare every pair of rows of two tables."""
    found: list[str] = []

    def watched(run: Callable[[Engine, str], Any]) -> Callable[[Engine, str], Any]:
        def call(engine: Engine, sql: str) -> Any:
            if (
                re.search(r"\bSELECT\b.*\bJOIN\b", sql, flags=re.DOTALL)
                and "CREATE OR REPLACE VIEW" not in sql
            ):
                ((_, plan),) = engine._connection.execute(f"EXPLAIN {sql}").fetchall()
                if _EVERY_PAIR in plan:
                    found.append(" ".join(sql.split())[:120])
            return run(engine, sql)

        return call

    for name in ("execute", "table", "rows"):
        monkeypatch.setattr(Engine, name, watched(getattr(Engine, name)))
    return found


def test_no_statement_compares_everybody_with_everybody(world: World, compared: list[str]) -> None:
    world.patient("p")
    world.episode("p", "2025-02-24", "2025-03-01", "J441")
    world.course("p", "2025-05-05")
    world.build()
    build_monthly(world.engine, MONTHS)
    world.start_clock()
    count_events(world.engine, MONTHS)
    window = {"events": ("moderate", "discharge"), "as_of": MONTHS[-1], "keep_days": 90, "tell_days": 30}
    world.engine.table(render(packaged_sql("followup", "worklist_events"), window))
    assert any("code_counts" in one or "monthly_register_part_" in one for one in compared), (
        "nothing was watched"
    )
    assert [one for one in compared if not any(name in one for name in _SHORT)] == []
