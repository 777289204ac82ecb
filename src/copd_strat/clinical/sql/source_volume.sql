-- Records a day and source, to estimate how far each source is complete.
-- A hospital stay is dated by its end: extracts hold what was finished and coded.
-- Source: docs/decisions.md §2, §43.
SELECT 'gp_events' AS source, event_date AS day, count(*) AS records
FROM gp_events
WHERE event_date > DATE '1900-01-01' AND event_date <= $as_of
GROUP BY event_date
UNION ALL
SELECT 'prescriptions', issue_date, count(*)
FROM prescriptions
WHERE issue_date > DATE '1900-01-01' AND issue_date <= $as_of
GROUP BY issue_date
UNION ALL
SELECT 'ed_attendances', arrival_date, count(*)
FROM ed_attendances
WHERE arrival_date > DATE '1900-01-01' AND arrival_date <= $as_of
GROUP BY arrival_date
UNION ALL
SELECT
    'hospital_episodes' AS source,
    coalesce(discharge_date, episode_end, admission_date) AS day,
    count(*) AS records
FROM hospital_episodes
WHERE coalesce(discharge_date, episode_end, admission_date) > DATE '1901-01-01'
    AND coalesce(discharge_date, episode_end, admission_date) <= $as_of
GROUP BY coalesce(discharge_date, episode_end, admission_date)
