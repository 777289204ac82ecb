"""The night's verdict: thresholds, Great Expectations, comparison with the last night, reconciliation."""
