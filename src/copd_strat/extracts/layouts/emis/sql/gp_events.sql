-- GP events of the EMIS bulk extract. The date of entry stands in for a missing date; where only year or month are
-- known the date is the first day EMIS fills in. Namespace 1000006 is EMIS-local; a code without a concept keeps its
-- Read code (EMIS extract specification 8.2).
SELECT
    observed.PatientGuid AS patient_id,
    coalesce(observed.EffectiveDate, observed.EnteredDate) AS event_date,
    coalesce(clinical_codes.SnomedCTConceptId, clinical_codes.ReadTermId, observed.CodeId) AS code,
    CASE
        WHEN clinical_codes.SnomedCTConceptId IS NULL AND clinical_codes.ReadTermId IS NULL THEN 'emis'
        WHEN clinical_codes.SnomedCTConceptId IS NULL THEN 'read2'
        WHEN length(clinical_codes.SnomedCTConceptId) >= 16
            AND substr(clinical_codes.SnomedCTConceptId, length(clinical_codes.SnomedCTConceptId) - 9, 7)
            = '1000006' THEN 'emis'
        ELSE 'snomed'
    END AS code_system,
    observed.Value AS value,
    observed.NumericUnit AS unit,
    observed.EnteredDate AS recorded_date
FROM emis_carerecord_observation AS observed
LEFT JOIN emis_coding_clinicalcode AS clinical_codes ON observed.CodeId = clinical_codes.CodeId
WHERE observed.PatientGuid IS NOT NULL
    AND observed.CodeId IS NOT NULL
    AND coalesce(observed.EffectiveDate, observed.EnteredDate) IS NOT NULL
