-- Issues of the EMIS bulk extract: of each issue's versions the one to be processed last, unless it deletes or is
-- confidential. A drug without a dm+d id keeps its EMIS id, marked as such, so that it is counted as unmatched
-- (EMIS extract specification 8.2, Prescribing_IssueRecord and Coding_DrugCode).
WITH versions AS (
    SELECT
        *,
        row_number() OVER (
            PARTITION BY IssueRecordGuid, OrganisationGuid
            ORDER BY ProcessingId DESC, lower(Deleted) DESC NULLS LAST, EffectiveDate, CodeId, Quantity
        ) AS version
    FROM emis_prescribing_issuerecord
),

drugs AS (
    SELECT
        CodeId,
        DmdProductCodeId,
        row_number() OVER (PARTITION BY CodeId ORDER BY ProcessingId DESC, DmdProductCodeId) AS version
    FROM emis_coding_drugcode
)

SELECT
    versions.PatientGuid AS patient_id,
    coalesce(versions.EffectiveDate, versions.EnteredDate) AS issue_date,
    coalesce(drugs.DmdProductCodeId, 'emis:' || versions.CodeId) AS dmd_code,
    versions.Quantity AS quantity,
    versions.CourseDurationInDays AS duration_days,
    versions.EnteredDate AS recorded_date
FROM versions
LEFT JOIN drugs ON versions.CodeId = drugs.CodeId AND drugs.version = 1
WHERE versions.version = 1
    AND coalesce(lower(versions.Deleted), 'false') NOT IN ('true', '1')
    AND coalesce(lower(versions.IsConfidential), 'false') NOT IN ('true', '1')
    AND versions.PatientGuid IS NOT NULL
    AND versions.CodeId IS NOT NULL
    AND coalesce(versions.EffectiveDate, versions.EnteredDate) IS NOT NULL
