"""One small world and its worklist for all tests here."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from followup_world import SMALL, Clock, clock

from copd_strat.synthetic import World, simulate_world


@pytest.fixture(scope="session")
def small_world() -> World:
    return simulate_world(SMALL)


@pytest.fixture(scope="session")
def night(small_world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clock]:
    made = clock(small_world.tables, tmp_path_factory.mktemp("night"))
    yield made
    made.engine.close()
