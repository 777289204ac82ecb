"""One small world, simulated once for all tests here."""

from __future__ import annotations

import pytest

from copd_strat.synthetic import SyntheticSettings, World, simulate_world

SMALL = SyntheticSettings(seed=7, practices=6, register=500, others=400)


@pytest.fixture(scope="session")
def small_world() -> World:
    return simulate_world(SMALL)
