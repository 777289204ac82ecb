-- COPD reviews, by day.
-- Source: QOF COPD review; docs/summary.md.
SELECT people.patient_id, copd_reviews.event_date AS day, 1 AS n
FROM copd_reviews
INNER JOIN people ON copd_reviews.patient = people.patient
