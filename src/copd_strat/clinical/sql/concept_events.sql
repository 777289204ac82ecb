-- Coded GP events and prescription issues, joined once to the code lists; all later facts read this table.
-- value: what the code itself states (an MRC grade), else the event's value; for an issue the quantity, in
-- milligrams (unit 'mg') where the list gives the strength. Events after the run date are not known yet;
-- 1 January 1900 and earlier stands for "unknown" in GP systems (ehrQL documentation; EMIS extract notes).
WITH coded AS (
    SELECT patient_id, event_date, coalesce(code_system, 'snomed') AS code_system, code, value, unit
    FROM gp_events
    WHERE event_date <= $as_of AND event_date > DATE '1900-01-01'
    UNION ALL
    SELECT patient_id, issue_date, 'dmd' AS code_system, dmd_code, quantity, NULL AS unit
    FROM prescriptions
    WHERE issue_date <= $as_of AND issue_date > DATE '1900-01-01'
)

SELECT
    people.patient_id,
    coded.event_date,
    event_codes.concept,
    CASE
        WHEN event_codes.code_system = 'dmd' THEN coded.value * coalesce(event_codes.value, 1)
        ELSE coalesce(event_codes.value, coded.value)
    END AS value,
    CASE
        WHEN event_codes.code_system = 'dmd' AND event_codes.value IS NOT NULL THEN 'mg'
        ELSE lower(trim(coded.unit))
    END AS unit
FROM coded
INNER JOIN event_codes ON coded.code = event_codes.code
INNER JOIN people ON coded.patient_id = people.extract_id
WHERE coded.code_system = event_codes.code_system
