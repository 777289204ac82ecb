-- The practices of this run, each with its name: a national table of organisations would make thousands of
-- empty folders (docs/decisions.md §22).
SELECT DISTINCT
    practice_id,
    practice_name
FROM organisations
WHERE practice_id IN (SELECT practice_id FROM patients)
