-- GP entries that stood in the record at the index: dated up to it and, where an entry date is kept, entered
-- by then.
-- Source: docs/decisions.md §1.
SELECT *
FROM whole_gp_events
WHERE event_date <= $index AND coalesce(recorded_date <= $index, TRUE)
