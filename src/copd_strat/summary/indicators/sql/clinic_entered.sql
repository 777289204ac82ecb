-- People in the clinic tier who were not in their practice's clinic tier at the end of the month before.
-- Source: docs/decisions.md §23.
SELECT snapshot.patient_id, snapshot.month AS day, 1 AS n
FROM summary_snapshots AS snapshot
INNER JOIN (SELECT DISTINCT month FROM summary_snapshots) AS earlier
    ON earlier.month = CAST(snapshot.month - INTERVAL 1 MONTH AS DATE)
LEFT JOIN summary_snapshots AS before
    ON before.month = CAST(snapshot.month - INTERVAL 1 MONTH AS DATE)
    AND before.patient_id = snapshot.patient_id
    AND before.practice_id = snapshot.practice_id
    AND before.disposition = 'clinic'
WHERE snapshot.disposition = 'clinic' AND before.patient_id IS NULL
