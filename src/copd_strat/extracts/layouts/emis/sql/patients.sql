-- Patients of the EMIS bulk extract: of each patient's versions the one to be processed last, unless it deletes.
-- Patients for tests, sensitive and confidential ones and other than regular registrations are left out
-- (EMIS extract specification 8.2: Deleted, ProcessingId, DummyType, SpineSensitive).
WITH versions AS (
    SELECT
        *,
        row_number() OVER (
            PARTITION BY PatientGuid, OrganisationGuid
            ORDER BY ProcessingId DESC, lower(Deleted) DESC NULLS LAST, DateOfRegistration DESC, YearOfBirth
        ) AS version
    FROM emis_admin_patient
),

practices AS (
    SELECT
        OrganisationGuid,
        ODSCode,
        row_number() OVER (PARTITION BY OrganisationGuid ORDER BY ProcessingId DESC, ODSCode) AS version
    FROM emis_admin_organisation
)

SELECT
    versions.PatientGuid AS patient_id,
    practices.ODSCode AS practice_id,
    CASE versions.Sex
        WHEN 'M' THEN 'male'
        WHEN 'F' THEN 'female'
        WHEN 'I' THEN 'indeterminate'
        ELSE 'unknown'
    END AS sex,
    versions.YearOfBirth AS birth_year,
    CASE WHEN versions.MonthOfBirth BETWEEN 1 AND 12 THEN versions.MonthOfBirth END AS birth_month,
    CAST(NULL AS VARCHAR) AS ethnicity,
    CAST(NULL AS BIGINT) AS imd_decile,
    versions.DateOfRegistration AS registration_start,
    versions.DateofDeactivation AS registration_end,
    versions.DateOfDeath AS death_date
FROM versions
INNER JOIN practices ON versions.OrganisationGuid = practices.OrganisationGuid AND practices.version = 1
WHERE versions.version = 1
    AND coalesce(lower(versions.Deleted), 'false') NOT IN ('true', '1')
    AND coalesce(lower(versions.DummyType), 'false') NOT IN ('true', '1')
    AND coalesce(lower(versions.SpineSensitive), 'false') NOT IN ('true', '1')
    AND coalesce(lower(versions.IsConfidential), 'false') NOT IN ('true', '1')
    AND coalesce(lower(versions.PatientTypeDescription), 'regular') = 'regular'
    AND versions.YearOfBirth IS NOT NULL
    AND regexp_matches(practices.ODSCode, '^[A-Z][0-9A-Z]{4,5}$')
