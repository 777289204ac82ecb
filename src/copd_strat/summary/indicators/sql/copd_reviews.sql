-- COPD reviews, by day.
-- Source: QOF COPD review; docs/summary.md.
SELECT people.patient_id, care_days.day, 1 AS n
FROM care_days
INNER JOIN people ON care_days.patient = people.patient
WHERE care_days.concept = 'copd_review'
