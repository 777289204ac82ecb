"""Worlds to try predictions on: a few people by hand, and a small simulated care system."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from copd_strat.config import EngineSettings
from copd_strat.engine import Engine

# The clinical tests' way to write people down row by row.
sys.path.append(str(Path(__file__).parents[1] / "clinical"))
from clinical_world import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with Engine.open(EngineSettings(memory_limit="500MB", threads=1), tmp_path / "spill") as engine:
        yield World(engine)
