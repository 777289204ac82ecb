-- Patients of EMIS search reports. A report says nothing of registrations, and it may give the age instead of
-- the year of birth: then the year is that of the run date less the age, one year off for those whose birthday
-- is still to come (project choice).
SELECT
    PatientID AS patient_id,
    PracticeCode AS practice_id,
    CASE upper(substr(GenderCode, 1, 1))
        WHEN 'M' THEN 'male'
        WHEN 'F' THEN 'female'
        WHEN 'I' THEN 'indeterminate'
        ELSE 'unknown'
    END AS sex,
    coalesce(YearOfBirth, year($as_of) - Age) AS birth_year,
    CAST(NULL AS BIGINT) AS birth_month,
    Ethnicity AS ethnicity,
    CAST(NULL AS BIGINT) AS imd_decile,
    CAST(NULL AS DATE) AS registration_start,
    CAST(NULL AS DATE) AS registration_end,
    CAST(NULL AS DATE) AS death_date
FROM emis_report_patients
