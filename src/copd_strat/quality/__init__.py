"""The night's verdict: thresholds, linkage, last night, reconciliation, Great Expectations, and its page."""

from copd_strat.quality.code_findings import share_known
from copd_strat.quality.findings import Finding, Section, Verdict
from copd_strat.quality.guard import kept_figures
from copd_strat.quality.validation import Validation

__all__ = ["Finding", "Section", "Validation", "Verdict", "kept_figures", "share_known"]
