-- Pulmonary rehabilitation offered or referred to in the 12 months up to the quarter's last day.
-- People on that day, once a quarter.
-- Source: QOF COPD014; docs/summary.md.
SELECT DISTINCT patient_id, day, 1 AS n FROM quarter_end_care WHERE concept IN ('pr_offered', 'pr_referred') AND recent
