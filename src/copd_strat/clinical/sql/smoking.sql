-- Smoking status from the latest day with a smoking code: on one day current outranks ex, ex outranks never;
-- "never" (or "non-smoker") after any earlier record of smoking is ex.
-- Source: NHLI respiratory group's curation scripts; data/smoking_concepts.csv.
WITH days AS (
    SELECT
        concept_events.patient,
        event_date,
        max_by(status, precedence) AS status,
        bool_or(status <> 'never') AS smoked
    FROM concept_events
    INNER JOIN smoking_concepts ON concept_events.concept = smoking_concepts.concept
    SEMI JOIN register ON concept_events.patient = register.patient
    WHERE event_date <= $index
    GROUP BY concept_events.patient, event_date
),

latest AS (
    SELECT
        patient,
        max(event_date) AS event_date,
        max_by(status, event_date) AS status,
        bool_or(smoked) AS ever_smoked
    FROM days
    GROUP BY patient
)

SELECT
    patient,
    event_date,
    CASE WHEN status = 'never' AND ever_smoked THEN 'ex' ELSE status END AS status
FROM latest
