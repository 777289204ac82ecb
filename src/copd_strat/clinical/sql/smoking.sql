-- Smoking status from the latest day with a smoking code: on one day current outranks ex, ex outranks never;
-- "never" (or "non-smoker") after any earlier record of smoking is ex (NHLI curation scripts).
WITH statuses AS (
    SELECT CAST(concept AS concept_category) AS concept, status
    FROM (
        VALUES ('smoker_current', 3), ('smoker_ex', 2), ('smoker_never', 1), ('smoker_ambiguous', 1)
    ) AS listed (concept, status)
),

days AS (
    SELECT concept_events.patient, event_date, max(status) AS status
    FROM concept_events
    INNER JOIN statuses ON concept_events.concept = statuses.concept
    SEMI JOIN register ON concept_events.patient = register.patient
    WHERE event_date <= $index
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
