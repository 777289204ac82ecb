-- Those of readmissions_90d before which the review after the last discharge was on record. It describes: who is reviewed
-- differs from who is not, and a review needs days without a readmission.
-- Source: docs/follow-up.md; docs/summary.md.
SELECT people.patient_id, spell_sequence.admission_date AS day, 1 AS n
FROM spell_sequence
INNER JOIN people ON spell_sequence.patient = people.patient
INNER JOIN follow_up_duties AS duties
    ON spell_sequence.patient = duties.patient
    AND duties.event = 'discharge'
    AND duties.duty = 'review'
    AND date_diff('day', duties.event_date, spell_sequence.admission_date) = spell_sequence.days_since_copd_discharge
    AND duties.done_on <= spell_sequence.admission_date
WHERE spell_sequence.days_since_copd_discharge BETWEEN 0 AND 90
