"""The relational engines: one SQL text, run by embedded DuckDB or, for the clinical facts, by Apache Spark."""

from copd_strat.engine.choice import facts_engine
from copd_strat.engine.embedded import Engine
from copd_strat.engine.interface import SqlEngine
from copd_strat.engine.spark import SparkEngine, is_spark
from copd_strat.engine.sql import Literal, literal, packaged_sql, render

__all__ = [
    "Engine",
    "Literal",
    "SparkEngine",
    "SqlEngine",
    "facts_engine",
    "is_spark",
    "literal",
    "packaged_sql",
    "render",
]
