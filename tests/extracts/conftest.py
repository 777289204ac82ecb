"""Contracts are read once for all tests here: they do not change."""

from __future__ import annotations

import sys
from functools import cache

import pytest


@pytest.fixture(autouse=True, scope="session")
def contracts_read_once() -> None:
    module = sys.modules["copd_strat.extracts.ingest"]
    module.load_contracts = cache(module.load_contracts)  # type: ignore[attr-defined]
