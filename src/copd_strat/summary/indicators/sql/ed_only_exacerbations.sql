-- Exacerbations seen in an emergency department and not admitted, by their first day.
-- Source: docs/decisions.md §7-8.
SELECT people.patient_id, counted_exacerbations.start_date AS day, 1 AS n
FROM counted_exacerbations
INNER JOIN people ON counted_exacerbations.patient = people.patient
WHERE counted_exacerbations.counting = 'all' AND counted_exacerbations.severity = 'ed_only'
