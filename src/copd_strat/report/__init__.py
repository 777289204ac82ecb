"""The commissioners' report: one static page from published figures only."""

from copd_strat.report.page import write_report

__all__ = ["write_report"]
