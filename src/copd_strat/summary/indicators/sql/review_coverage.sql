-- A COPD review in the 12 months up to the quarter's last day.
-- People on that day, once a quarter.
-- Source: QOF annual COPD review; docs/summary.md.
SELECT patient_id, day, 1 AS n FROM quarter_end_care WHERE concept = 'copd_review' AND recent
