-- The last day of each practice's records, never later than the index.
-- Source: docs/decisions.md §43.
SELECT
    practice_id,
    least(last_day, CAST($index AS DATE)) AS last_day
FROM whole_practices_end
