-- Patients registered with each practice on a day: the latest registration decides (docs/decisions.md §5).
WITH ordered AS (
    SELECT
        patient_id,
        practice_id,
        row_number() OVER (
            PARTITION BY patient_id
            ORDER BY registration_start DESC NULLS LAST, practice_id
        ) AS place
    FROM patients
    WHERE (registration_end IS NULL OR registration_end > $day) AND (death_date IS NULL OR death_date > $day)
)

SELECT patient_id, practice_id
FROM ordered
WHERE place = 1
