-- Of those who would be on the register but for the register of deaths, or are on it: how many it names, and how
-- many of these have records more than 60 days after their death.
-- Source: docs/decisions.md §39.
SELECT
    count(DISTINCT people.patient_id) AS named,
    count(DISTINCT status_conflicts.patient_id) AS with_later_records
FROM known_deaths
INNER JOIN eligibility ON known_deaths.patient = eligibility.patient
INNER JOIN people ON known_deaths.patient = people.patient
LEFT JOIN status_conflicts
    ON people.patient_id = status_conflicts.patient_id AND status_conflicts.kind = 'records after death'
WHERE known_deaths.in_deaths AND eligibility.unresolved AND eligibility.possible_age AND eligibility.aged_35_or_over
