-- How often each code stands in the extract, whether or not a list knows it.
-- Small: an extract of any size holds some thousands of distinct codes.
SELECT
    coalesce(code_system, 'snomed') AS code_system,
    code,
    count(*) AS events
FROM gp_events
GROUP BY coalesce(code_system, 'snomed'), code
UNION ALL
SELECT 'dmd' AS code_system, dmd_code AS code, count(*) AS events
FROM prescriptions
GROUP BY dmd_code
