-- GP events of EMIS search reports, coded events and conditions (North Central London's report columns).
-- Namespace 1000006 in a long id is EMIS-local, and matches no list of the NHS.
WITH recorded AS (
    SELECT PatientID AS patient_id, EffectiveDate AS event_date, Code AS code, Value AS value, Unit AS unit
    FROM emis_report_events
    UNION ALL
    SELECT PatientID, OnsetDate, ConditionCode, CAST(NULL AS DOUBLE), CAST(NULL AS VARCHAR)
    FROM emis_report_conditions
)

SELECT
    patient_id,
    event_date,
    code,
    CASE
        WHEN length(code) >= 16 AND substr(code, length(code) - 9, 7) = '1000006' THEN 'emis'
        ELSE 'snomed'
    END AS code_system,
    value,
    unit,
    CAST(NULL AS DATE) AS recorded_date
FROM recorded
