-- Registrations of SystmOne. Patients for tests are left out, and registrations other than regular ones: a status may
-- name several kinds, and one that names none counts as regular, since a list that misses somebody harms more
-- (project choice). GMS and Standard are the regular kinds [unconfirmed]; organisations without the form of a practice
-- code are no practices.
SELECT
    registered.IDPatient AS patient_id,
    registered.IDOrganisation AS practice_id,
    CASE person.Gender
        WHEN 'M' THEN 'male'
        WHEN 'F' THEN 'female'
        WHEN 'I' THEN 'indeterminate'
        ELSE 'unknown'
    END AS sex,
    person.YearOfBirth AS birth_year,
    person.MonthOfBirth AS birth_month,
    CAST(NULL AS VARCHAR) AS ethnicity,
    CAST(NULL AS BIGINT) AS imd_decile,
    registered.DateRegistration AS registration_start,
    registered.DateDeRegistration AS registration_end,
    person.DateDeath AS death_date
FROM tpp_srpatientregistration AS registered
INNER JOIN tpp_srpatient AS person ON registered.IDPatient = person.RowIdentifier
WHERE coalesce(person.TestPatient, 'FALSE') NOT IN ('TRUE', '1')
    AND person.YearOfBirth IS NOT NULL
    AND regexp_matches(registered.IDOrganisation, '^[A-Z][0-9A-Z]{4,5}$')
    AND regexp_matches(coalesce(lower(registered.RegistrationStatus), 'gms'), '(^|,) *(gms|standard) *(,|$)')
