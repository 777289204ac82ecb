"""What is due after an exacerbation, and what became of the clinic's and the app's invitations."""

from copd_strat.followup.clock import start_clock
from copd_strat.followup.programme_pages import ProgrammePages, programme_pages
from copd_strat.followup.worklist import FACTS, Worklist, worklist

__all__ = ["FACTS", "ProgrammePages", "Worklist", "programme_pages", "start_clock", "worklist"]
