-- Emergency admissions for COPD within 90 days of the end of an emergency spell for COPD, by the day of admission.
-- Source: docs/summary.md.
SELECT people.patient_id, spell_sequence.admission_date AS day, 1 AS n
FROM spell_sequence
INNER JOIN people ON spell_sequence.patient = people.patient
WHERE spell_sequence.days_since_copd_discharge BETWEEN 0 AND 90
