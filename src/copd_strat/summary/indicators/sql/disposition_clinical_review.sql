-- People whose disposition in the last run of the month is clinical_review.
-- Source: docs/decisions.md §5, §16-19.
SELECT patient_id, month AS day, 1 AS n
FROM summary_snapshots
WHERE disposition = 'clinical_review'
