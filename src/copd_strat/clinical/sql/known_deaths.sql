-- Who is known to have died, and when: one row a person, out of every source; the earliest day counts.
-- A death before the person's year of birth is none: it costs itself, not the person. A row of the register of
-- deaths without a day still says that the person is dead (undated).
-- Source: docs/decisions.md §39, §55; codes of death, discharge methods and destinations in the code lists.
WITH told AS (
    SELECT people.patient, 'register of deaths' AS source, deaths.death_date
    FROM deaths
    INNER JOIN people ON deaths.patient_id = people.patient_id
    UNION ALL
    SELECT people.patient, 'GP registration', patients.death_date
    FROM patients
    INNER JOIN people ON patients.patient_id = people.patient_id
    UNION ALL
    SELECT patient, 'GP code', event_date
    FROM concept_events
    WHERE concept = 'death'
    UNION ALL
    SELECT patient, 'hospital', coalesce(discharge_date, episode_end)
    FROM hospital_rows
    WHERE fault IS NULL
        AND (
            discharge_method IN (SELECT code FROM codes WHERE concept = 'dismeth_died')
            OR discharge_destination IN (SELECT code FROM codes WHERE concept = 'disdest_died')
        )
    UNION ALL
    SELECT people.patient, 'emergency department', coalesce(ed_attendances.departure_date, arrival_date)
    FROM ed_attendances
    INNER JOIN people ON ed_attendances.patient_id = people.patient_id
    WHERE trim(ed_attendances.discharge_destination)
        IN (SELECT code FROM codes WHERE concept = 'ed_discharge_died')
),

births AS (
    SELECT people.patient, min(patients.birth_year) AS birth_year
    FROM patients
    INNER JOIN people ON patients.patient_id = people.patient_id
    GROUP BY people.patient
)

SELECT
    told.patient,
    min(CASE WHEN possible THEN death_date END) AS death_date,
    -- told of deaths that were used
    bool_or((possible OR death_date IS NULL) AND source = 'register of deaths') AS in_deaths,
    bool_or(possible AND source = 'GP registration') AS in_gp_registration,
    bool_or(possible AND source = 'GP code') AS in_gp_codes,
    bool_or(possible AND source = 'hospital') AS in_hospital,
    bool_or(possible AND source = 'emergency department') AS in_emergency_department,
    min(CASE WHEN NOT possible THEN death_date END) AS impossible_date,
    bool_or(death_date IS NULL) AND NOT bool_or(coalesce(possible, FALSE)) AS undated
FROM (
    SELECT
        told.*,
        told.death_date IS NOT NULL
        AND coalesce(year(told.death_date) >= births.birth_year, TRUE) AS possible
    FROM told
    INNER JOIN births ON told.patient = births.patient
    WHERE told.death_date <= $as_of OR (told.death_date IS NULL AND told.source = 'register of deaths')
) AS told
GROUP BY told.patient
