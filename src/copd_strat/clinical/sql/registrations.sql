-- One row a registration, with date of birth and death worked out.
-- Birth: the middle of the month, or 1 July where only the year is known (docs/decisions.md §4).
-- Death: the register of deaths if it knows the person, else the GP record; the earliest of several
-- (death records repeat: BHF Data Science Centre curation notes).
-- Source: docs/decisions.md §3, §4; BHF Data Science Centre curation notes (death records repeat).
WITH registered_deaths AS (
    SELECT patient_id, min(death_date) AS death_date
    FROM deaths
    GROUP BY patient_id
),

gp_deaths AS (
    SELECT patient_id, min(death_date) AS death_date
    FROM patients
    GROUP BY patient_id
)

SELECT DISTINCT
    people.patient,
    patients.practice_id,
    patients.registration_start,
    patients.registration_end,
    coalesce(patients.sex, 'unknown') AS sex,
    make_date(
        CAST(patients.birth_year AS INTEGER),
        CAST(coalesce(patients.birth_month, 7) AS INTEGER),
        CASE WHEN patients.birth_month IS NULL THEN 1 ELSE 15 END
    ) AS birth_date,
    patients.ethnicity,
    CAST(ceil(patients.imd_decile / 2.0) AS INTEGER) AS imd_quintile,
    coalesce(registered_deaths.death_date, gp_deaths.death_date) AS death_date
FROM patients
INNER JOIN people ON patients.patient_id = people.patient_id
LEFT JOIN registered_deaths ON patients.patient_id = registered_deaths.patient_id
LEFT JOIN gp_deaths ON patients.patient_id = gp_deaths.patient_id
