"""An engine and an empty world for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from clinical_world import World

from copd_strat.config import EngineSettings
from copd_strat.engine import Engine


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    opened = Engine.open(EngineSettings(memory_limit="256MB", threads=1), tmp_path / "spill")
    yield opened
    opened.close()


@pytest.fixture
def world(engine: Engine) -> World:
    return World(engine)
