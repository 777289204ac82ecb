-- App activity up to the run date, one row a person, day and kind: of several CAT scores on a day the worst.
-- Source: docs/follow-up.md.
SELECT people.patient, activity_date AS day, kind, max(value) AS value
FROM app_activity
INNER JOIN people ON app_activity.patient_id = people.patient_id
WHERE activity_date <= $as_of AND kind IS NOT NULL
GROUP BY people.patient, activity_date, kind
