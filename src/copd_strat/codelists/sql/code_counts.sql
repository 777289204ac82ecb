-- How often each code stands in the extract, whether or not a list knows it.
-- Small: an extract of any size holds some thousands of distinct codes. Counted as written first; a missing
-- code system is filled in on the counts, not on every event.
WITH written AS (
    SELECT code_system, code, count(*) AS events
    FROM gp_events
    GROUP BY code_system, code
)

SELECT
    coalesce(code_system, 'snomed') AS code_system,
    code,
    CAST(sum(events) AS BIGINT) AS events
FROM written
GROUP BY coalesce(code_system, 'snomed'), code
UNION ALL
SELECT 'dmd' AS code_system, dmd_code AS code, count(*) AS events
FROM prescriptions
GROUP BY dmd_code
