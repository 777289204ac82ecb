-- First and last day of each concept of each register patient, from GP and hospital records; measurements,
-- whose values matter, have their own tables.
-- first_date, last_date: up to the index; last_known: up to the run date, for status (docs/decisions.md §3).
WITH occurrences AS (
    SELECT patient_id, concept, event_date
    FROM concept_events
    WHERE concept NOT IN (SELECT concept FROM measures)
    UNION ALL
    SELECT patient_id, concept, event_date FROM hospital_concepts
),

summed AS (
    SELECT
        patient_id,
        concept,
        min(event_date) AS first_known,
        max(CASE WHEN event_date <= $index THEN event_date END) AS last_date,
        max(event_date) AS last_known
    FROM occurrences
    GROUP BY patient_id, concept
)

SELECT
    summed.patient_id,
    concept,
    CASE WHEN first_known <= $index THEN first_known END AS first_date,
    last_date,
    last_known
FROM summed
SEMI JOIN register ON summed.patient_id = register.patient_id
