-- People in the clinic tier who have a place; the others are its reserve.
-- Source: docs/decisions.md §18.
SELECT patient_id, month AS day, 1 AS n
FROM summary_snapshots
WHERE disposition = 'clinic' AND place = 'clinic'
