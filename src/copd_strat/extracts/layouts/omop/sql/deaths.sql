-- Deaths as they are recorded; facts take the earliest of several.
SELECT person_id AS patient_id, death_date
FROM omop_death
