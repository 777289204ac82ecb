-- Local flags set by the index; one without a date cannot be said to have been known then.
-- Source: docs/decisions.md §3.
SELECT *
FROM whole_local_flags
WHERE flag_date <= $index
