-- Coded GP entries, joined once to the code lists.
-- value: what the code itself states (an MRC grade), else the entry's value, with its unit as written.
-- Entries after the run date are not known yet; 1 January 1900 and earlier stands for "unknown" in GP systems.
-- Source: ehrQL documentation; EMIS extract notes (dates that stand for unknown).
SELECT
    people.patient,
    gp_events.event_date,
    event_codes.concept,
    coalesce(event_codes.value, gp_events.value) AS value,
    CASE WHEN event_codes.value IS NULL THEN gp_events.unit END AS unit
FROM gp_events
INNER JOIN event_codes ON gp_events.code = event_codes.code
INNER JOIN people ON gp_events.patient_id = people.patient_id
WHERE gp_events.code_system = event_codes.code_system
    AND gp_events.event_date <= $as_of
    AND gp_events.event_date > DATE '1900-01-01'
