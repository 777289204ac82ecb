"""Where the clinical facts are worked out: in the embedded engine, which has the extracts, or on Spark."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from copd_strat.engine.embedded import Engine
from copd_strat.engine.interface import SqlEngine
from copd_strat.engine.spark import SparkEngine

if TYPE_CHECKING:
    from copd_strat.config import EngineSettings


@contextmanager
def facts_engine(
    embedded: Engine, settings: EngineSettings, folder: Path, session: Any = None
) -> Iterator[SqlEngine]:
    """``embedded`` itself, or Spark where a ``session`` is handed over or the settings ask for one.

    ``folder`` takes Spark's tables until the end. Raises ConfigError where Spark cannot be started.
    """
    if session is not None:
        with SparkEngine(session, folder) as spark:
            yield spark
    elif settings.facts == "spark":
        with SparkEngine.open(settings.spark, folder) as spark:
            yield spark
    else:
        yield embedded
