-- Those of discharge_duties_due that the record shows as done on or before that day.
-- Source: docs/follow-up.md; the policy's duties.
SELECT people.patient_id, duties.due_on AS day, 1 AS n
FROM follow_up_duties AS duties
INNER JOIN people ON duties.patient = people.patient
WHERE duties.event = 'discharge' AND duties.state = 'done' AND duties.done_on <= duties.due_on
