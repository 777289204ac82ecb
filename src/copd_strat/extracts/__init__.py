"""Files of a layout become canonical relations: found, gated, checked row by row, mapped."""

from copd_strat.extracts.ingest import ingest_sources

__all__ = ["ingest_sources"]
