-- Issues that stood in the record at the index: dated and, where an entry date is kept, entered by then.
-- Source: docs/decisions.md §1.
SELECT *
FROM whole_prescriptions
WHERE issue_date <= $index AND coalesce(recorded_date <= $index, TRUE)
