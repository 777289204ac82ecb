-- First and last day of each concept of each register patient, from GP and hospital records; of measurements
-- see measurements.sql.
-- first_date, last_date: up to the index; last_known: up to the run date, for status (docs/decisions.md §3).
WITH occurrences AS (
    SELECT patient, concept, event_date
    FROM concept_events
    WHERE concept NOT IN (SELECT concept FROM measures)
    UNION ALL
    SELECT patient, concept, event_date FROM hospital_concepts
),

summed AS (
    SELECT
        patient,
        concept,
        min(event_date) AS first_known,
        max(CASE WHEN event_date <= $index THEN event_date END) AS last_date,
        max(event_date) AS last_known
    FROM occurrences
    GROUP BY patient, concept
)

SELECT
    summed.patient,
    concept,
    CASE WHEN first_known <= $index THEN first_known END AS first_date,
    last_date,
    last_known
FROM summed
SEMI JOIN register ON summed.patient = register.patient
