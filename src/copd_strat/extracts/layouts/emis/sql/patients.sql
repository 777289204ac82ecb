-- Patients of the EMIS bulk extract. Patients for tests, sensitive ones and other than regular registrations are left
-- out (EMIS extract specification 8.2: DummyType, SpineSensitive).
SELECT
    registered.PatientGuid AS patient_id,
    practices.ODSCode AS practice_id,
    CASE registered.Sex
        WHEN 'M' THEN 'male'
        WHEN 'F' THEN 'female'
        WHEN 'I' THEN 'indeterminate'
        ELSE 'unknown'
    END AS sex,
    registered.YearOfBirth AS birth_year,
    CASE WHEN registered.MonthOfBirth BETWEEN 1 AND 12 THEN registered.MonthOfBirth END AS birth_month,
    CAST(NULL AS VARCHAR) AS ethnicity,
    CAST(NULL AS BIGINT) AS imd_decile,
    registered.DateOfRegistration AS registration_start,
    registered.DateofDeactivation AS registration_end,
    registered.DateOfDeath AS death_date
FROM emis_admin_patient AS registered
INNER JOIN emis_admin_organisation AS practices ON registered.OrganisationGuid = practices.OrganisationGuid
WHERE coalesce(lower(registered.DummyType), 'false') NOT IN ('true', '1')
    AND coalesce(lower(registered.SpineSensitive), 'false') NOT IN ('true', '1')
    AND coalesce(lower(registered.PatientTypeDescription), 'regular') = 'regular'
    AND registered.YearOfBirth IS NOT NULL
    AND regexp_matches(practices.ODSCode, '^[A-Z][0-9A-Z]{4,5}$')
