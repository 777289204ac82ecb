-- Those of readmissions_30d before which the review after the last discharge was on record. It describes: who is reviewed
-- differs from who is not, and a review needs days without a readmission.
-- Source: docs/follow-up.md; docs/summary.md.
SELECT patient_id, day, 1 AS n FROM readmissions WHERE days <= 30 AND reviewed
