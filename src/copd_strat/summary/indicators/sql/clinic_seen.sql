-- Appointments of the multi-professional clinic that were kept, by day.
-- Source: docs/follow-up.md; table community_contacts.
SELECT DISTINCT people.patient_id, care_signs.day, 1 AS n
FROM care_signs
INNER JOIN people ON care_signs.patient = people.patient
WHERE care_signs.sign = 'multi_professional_clinic attended'
