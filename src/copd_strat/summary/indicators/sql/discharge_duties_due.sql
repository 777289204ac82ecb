-- Duties after a discharge, by the day on which they fell due; those that a later stay took over, or that were declined
-- or not suitable, are nobody's omission and do not count.
-- Source: docs/follow-up.md; the policy's duties.
SELECT people.patient_id, duties.due_on AS day, 1 AS n
FROM follow_up_duties AS duties
INNER JOIN people ON duties.patient = people.patient
WHERE duties.event = 'discharge' AND duties.state NOT IN ('overtaken', 'settled')
