-- One row a registration, with date of birth worked out and the known death.
-- Birth: the middle of the month, or 1 July where only the year is known; a year that no living person can
-- have been born in has no date of birth, so that it sets one person aside and stops nobody else.
-- A practice that closed and names its successor is the successor.
-- Source: docs/decisions.md §3, §4, §37, §39, §60.
SELECT DISTINCT
    people.patient,
    coalesce(practice_changes.successor_id, patients.practice_id) AS practice_id,
    patients.registration_start,
    patients.registration_end,
    coalesce(patients.sex, 'unknown') AS sex,
    CASE
        WHEN patients.birth_year BETWEEN 1850 AND year($as_of)
            THEN
            make_date(
                CAST(patients.birth_year AS INTEGER),
                CASE WHEN patients.birth_month BETWEEN 1 AND 12 THEN CAST(patients.birth_month AS INTEGER) ELSE 7 END,
                CASE WHEN patients.birth_month BETWEEN 1 AND 12 THEN 15 ELSE 1 END
            )
    END AS birth_date,
    patients.ethnicity,
    CAST(ceil(patients.imd_decile / 2.0) AS INTEGER) AS imd_quintile,
    known_deaths.death_date,
    coalesce(known_deaths.undated, FALSE) AS died_undated
FROM patients
INNER JOIN people ON patients.patient_id = people.patient_id
LEFT JOIN known_deaths ON people.patient = known_deaths.patient
LEFT JOIN practice_changes
    ON patients.practice_id = practice_changes.practice_id AND practice_changes.closed_on <= $as_of
