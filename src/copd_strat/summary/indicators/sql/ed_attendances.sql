-- Attendances at an emergency department for any cause, by the day of arrival.
-- Source: docs/summary.md.
SELECT people.patient_id, ed_visits.arrival_date AS day, 1 AS n
FROM ed_visits
INNER JOIN people ON ed_visits.patient = people.patient
