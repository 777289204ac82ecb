"""One row a patient into risk, status and reasons: published equations, simple scores, local scorecards."""
