-- Smoking status from the latest day with a smoking code: on one day current outranks ex, ex outranks never;
-- "never" (or "non-smoker") after any earlier record of smoking is ex (NHLI curation scripts).
WITH days AS (
    SELECT
        concept_events.patient,
        event_date,
        max(
            CASE concept WHEN 'smoker_current' THEN 3 WHEN 'smoker_ex' THEN 2 ELSE 1 END
        ) AS status
    FROM concept_events
    SEMI JOIN register ON concept_events.patient = register.patient
    WHERE event_date <= $index
        AND concept IN ('smoker_current', 'smoker_ex', 'smoker_never', 'smoker_ambiguous')
    GROUP BY concept_events.patient, event_date
),

latest AS (
    SELECT
        patient,
        max(event_date) AS event_date,
        arg_max(status, event_date) AS status,
        max(status) AS highest
    FROM days
    GROUP BY patient
)

SELECT
    patient,
    event_date,
    CASE
        WHEN status = 3 THEN 'current'
        WHEN highest > 1 THEN 'ex'
        ELSE 'never'
    END AS status
FROM latest
