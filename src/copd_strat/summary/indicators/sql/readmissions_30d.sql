-- Emergency admissions for COPD within 30 days of the end of an emergency spell for COPD, by the day of admission.
-- Source: docs/summary.md.
SELECT patient_id, day, 1 AS n FROM readmissions WHERE days <= 30
