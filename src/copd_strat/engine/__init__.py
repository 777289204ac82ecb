"""The relational engine: one SQL text, run by embedded DuckDB."""

from copd_strat.engine.embedded import Engine
from copd_strat.engine.sql import Literal, literal, packaged_sql, render

__all__ = ["Engine", "Literal", "literal", "packaged_sql", "render"]
