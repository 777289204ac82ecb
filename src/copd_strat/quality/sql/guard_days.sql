-- Rows a day and table: the extracts' own history, from which months and the latest day are read.
-- A hospital stay is dated by its admission. Days after the run date cannot be (docs/run-guard.md).
SELECT 'gp_events' AS table_name, event_date AS day, count(*) AS records
FROM gp_events
WHERE event_date <= $as_of
GROUP BY event_date
UNION ALL
SELECT 'prescriptions' AS table_name, issue_date AS day, count(*) AS records
FROM prescriptions
WHERE issue_date <= $as_of
GROUP BY issue_date
UNION ALL
SELECT 'hospital_episodes' AS table_name, admission_date AS day, count(*) AS records
FROM hospital_episodes
WHERE admission_date <= $as_of
GROUP BY admission_date
