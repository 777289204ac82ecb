-- Finished emergency spells for COPD, by the day of admission.
-- Source: docs/decisions.md §8.
SELECT people.patient_id, spell_sequence.admission_date AS day, 1 AS n
FROM spell_sequence
INNER JOIN people ON spell_sequence.patient = people.patient
WHERE spell_sequence.copd_related
