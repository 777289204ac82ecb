-- Places that the policy gives for the month; each group that shares places has them on one of its people.
-- Source: docs/decisions.md §47.
SELECT patient_id, month AS day, list_places AS n
FROM summary_snapshots
WHERE list_places > 0
