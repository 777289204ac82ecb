"""Files of a layout become canonical relations: found, gated, checked row by row, mapped."""

from copd_strat.extracts.ingest import land

__all__ = ["land"]
