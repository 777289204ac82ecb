-- Last day of each concept of each register patient, from GP and hospital records; of measurements see
-- measurements.sql.
-- last_date: up to the index; last_known: up to the run date, for status.
-- Source: docs/decisions.md §3, §11.
WITH occurrences AS (
    SELECT patient, concept_events.concept, event_date
    FROM concept_events
    ANTI JOIN measure_concepts ON concept_events.concept = measure_concepts.concept
    UNION ALL
    SELECT patient, concept, event_date FROM hospital_concepts
),

summed AS (
    SELECT
        patient,
        concept,
        max(CASE WHEN event_date <= $index THEN event_date END) AS last_date,
        max(event_date) AS last_known
    FROM occurrences
    GROUP BY patient, concept
)

SELECT summed.patient, concept, last_date, last_known
FROM summed
SEMI JOIN register ON summed.patient = register.patient
