"""What is due after an exacerbation, and what became of the clinic's and the app's invitations."""

from copd_strat.followup.worklist import Worklist, worklist

__all__ = ["Worklist", "worklist"]
