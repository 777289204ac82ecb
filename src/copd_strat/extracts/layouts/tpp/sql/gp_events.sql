-- Coded events and vaccinations of SystmOne, under the SNOMED CT concept that stands beside the Read code (-1 stands
-- for none [unconfirmed]), else under that of the map that comes with the extract; what neither knows keeps its Read
-- code, one that begins with Y as SystmOne's own. The day of entry stands in for a missing day. Where IsNumeric says
-- that there is no value, NumericValue is 0 and means nothing.
WITH recorded AS (
    SELECT
        IDPatient,
        coalesce(DateEvent, DateEventRecorded) AS event_date,
        DateEventRecorded,
        nullif(SNOMEDCode, '-1') AS concept,
        CTV3Code AS read_code,
        CASE WHEN coalesce(IsNumeric, 'TRUE') IN ('TRUE', '1') THEN NumericValue END AS value,
        CASE WHEN coalesce(IsNumeric, 'TRUE') IN ('TRUE', '1') THEN NumericUnit END AS unit
    FROM tpp_srcode
    UNION ALL
    SELECT
        IDPatient,
        coalesce(DateEvent, DateEventRecorded),
        DateEventRecorded,
        nullif(ImmsSNOMEDCode, '-1'),
        ImmsReadCode,
        CAST(NULL AS DOUBLE),
        CAST(NULL AS VARCHAR)
    FROM tpp_srimmunisation
),

explained AS (
    SELECT recorded.*, coalesce(recorded.concept, nullif(mapped.SnomedCode, '-1')) AS snomed
    FROM recorded
    LEFT JOIN tpp_srctv3tosnomed AS mapped ON recorded.read_code = mapped.Ctv3Code
)

SELECT
    IDPatient AS patient_id,
    event_date,
    coalesce(snomed, read_code) AS code,
    CASE
        WHEN snomed IS NOT NULL THEN 'snomed'
        WHEN regexp_matches(read_code, '^Y[0-9A-Za-z]{4}$') THEN 'tpp'
        ELSE 'ctv3'
    END AS code_system,
    value,
    unit,
    DateEventRecorded AS recorded_date
FROM explained
WHERE IDPatient IS NOT NULL
    AND event_date IS NOT NULL
    AND coalesce(snomed, read_code) IS NOT NULL
