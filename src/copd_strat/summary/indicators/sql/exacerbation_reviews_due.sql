-- Reviews after an exacerbation without a stay, by the day on which they fell due; those that a later stay or
-- exacerbation took over do not count.
-- Source: docs/follow-up.md; Hurst group, IJCOPD 2021;16:3009 (within one month).
SELECT people.patient_id, duties.due_on AS day, 1 AS n
FROM follow_up_duties AS duties
INNER JOIN people ON duties.patient = people.patient
WHERE duties.event = 'moderate' AND duties.duty = 'review' AND duties.state NOT IN ('overtaken', 'settled')
