-- When a patient has COPD that is not resolved: from a diagnosis to the next "resolved" code, if any.
-- A resolved code cancels diagnoses dated on or before it; a later diagnosis opens a new span, whose first
-- day is the unresolved diagnosis date (QOF COPD register rules, business rules v50).
WITH codes_of_copd AS (
    SELECT CAST(concept AS concept_category) AS concept, resolves
    FROM (
        VALUES ('copd_dx', FALSE), ('copd_dx_asthma_overlap', FALSE), ('copd_resolved', TRUE)
    ) AS listed (concept, resolves)
),

days AS (
    SELECT patient, event_date, NOT bool_or(resolves) AS has_copd
    FROM concept_events
    INNER JOIN codes_of_copd ON concept_events.concept = codes_of_copd.concept
    GROUP BY patient, event_date
),

compared AS (
    SELECT
        patient,
        event_date,
        has_copd,
        coalesce(
            lag(has_copd) OVER (PARTITION BY patient ORDER BY event_date), FALSE
        ) AS had_copd
    FROM days
),

changes AS (
    SELECT
        patient,
        event_date,
        has_copd,
        lead(event_date) OVER (PARTITION BY patient ORDER BY event_date) AS next_change
    FROM compared
    WHERE has_copd <> had_copd
)

SELECT patient, event_date AS start_date, next_change AS end_date
FROM changes
WHERE has_copd
