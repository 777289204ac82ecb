-- GP events of the EMIS bulk extract: of each event's versions the one to be processed last, unless it deletes or
-- is confidential. An id is unique within its organisation only. The date of entry stands in for a missing date;
-- where only year or month are known the date is the first day EMIS fills in. Namespace 1000006 is EMIS-local;
-- a code without a concept keeps its Read code (EMIS extract specification 8.2).
WITH versions AS (
    SELECT
        *,
        row_number() OVER (
            PARTITION BY ObservationGuid, OrganisationGuid
            ORDER BY ProcessingId DESC, lower(Deleted) DESC NULLS LAST, EffectiveDate, CodeId, Value
        ) AS version
    FROM emis_carerecord_observation
),

clinical_codes AS (
    SELECT
        CodeId,
        SnomedCTConceptId,
        ReadTermId,
        row_number() OVER (
            PARTITION BY CodeId ORDER BY ProcessingId DESC, SnomedCTConceptId, ReadTermId
        ) AS version
    FROM emis_coding_clinicalcode
)

SELECT
    versions.PatientGuid AS patient_id,
    coalesce(versions.EffectiveDate, versions.EnteredDate) AS event_date,
    coalesce(clinical_codes.SnomedCTConceptId, clinical_codes.ReadTermId, versions.CodeId) AS code,
    CASE
        WHEN clinical_codes.SnomedCTConceptId IS NULL AND clinical_codes.ReadTermId IS NULL THEN 'emis'
        WHEN clinical_codes.SnomedCTConceptId IS NULL THEN 'read2'
        WHEN length(clinical_codes.SnomedCTConceptId) >= 16
            AND substr(clinical_codes.SnomedCTConceptId, length(clinical_codes.SnomedCTConceptId) - 9, 7)
            = '1000006' THEN 'emis'
        ELSE 'snomed'
    END AS code_system,
    versions.Value AS value,
    versions.NumericUnit AS unit,
    versions.EnteredDate AS recorded_date
FROM versions
LEFT JOIN clinical_codes ON versions.CodeId = clinical_codes.CodeId AND clinical_codes.version = 1
WHERE versions.version = 1
    AND coalesce(lower(versions.Deleted), 'false') NOT IN ('true', '1')
    AND coalesce(lower(versions.IsConfidential), 'false') NOT IN ('true', '1')
    AND versions.PatientGuid IS NOT NULL
    AND versions.CodeId IS NOT NULL
    AND coalesce(versions.EffectiveDate, versions.EnteredDate) IS NOT NULL
