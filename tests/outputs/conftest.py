"""One small summary that several tests look at and none changes."""

from __future__ import annotations

from pathlib import Path

import pytest
from summary_fixture import TWO_MONTHS, people, summary_of

from copd_strat.summary.summarise import SUMMARY, SummaryResult


@pytest.fixture(scope="session")
def summary(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, SummaryResult]:
    """The folder of a release's tables, and the tables as they were written."""
    folder = tmp_path_factory.mktemp("summary")
    return folder / SUMMARY, summary_of(folder, people(), TWO_MONTHS)
