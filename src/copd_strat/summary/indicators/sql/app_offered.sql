-- People who were first offered the app, by the day of it: the first row that shows this step or a later one.
-- Source: docs/follow-up.md; table app_activity.
SELECT people.patient_id, min(app_days.day) AS day, 1 AS n
FROM app_days
INNER JOIN people ON app_days.patient = people.patient
WHERE app_days.kind IN ('offered', 'registered', 'activated', 'used', 'cat_score', 'stepped_up', 'declined')
GROUP BY people.patient_id
