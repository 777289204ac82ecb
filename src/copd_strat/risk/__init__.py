"""One row a patient into risk, status and reasons: published equations, simple scores, local scorecards."""

from copd_strat.risk.register import RiskResult, score_register
from copd_strat.risk.score import score_table

__all__ = ["RiskResult", "score_register", "score_table"]
