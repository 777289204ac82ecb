"""Row checks: what a rule of a contract asks of a value."""
