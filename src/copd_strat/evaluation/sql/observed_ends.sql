-- When a person's records end: death, and the end of the last registration (NULL: still registered).
-- Source: docs/decisions.md §3, §39.
SELECT
    people.patient_id,
    min(registrations.death_date) AS death_date,
    CASE
        WHEN max(CASE WHEN registrations.registration_end IS NULL THEN 1 ELSE 0 END) = 0
            THEN max(registrations.registration_end)
    END AS left_on
FROM registrations
INNER JOIN people ON registrations.patient = people.patient
GROUP BY people.patient_id
