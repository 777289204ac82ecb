-- When a patient has COPD that is not resolved: from a diagnosis to the next "resolved" code, if any.
-- A resolved code cancels diagnoses dated on or before it; a later diagnosis opens a new span, whose first
-- day is the unresolved diagnosis date.
-- Source: QOF COPD register rules, business rules v50; data/copd_concepts.csv.
WITH days AS (
    SELECT patient, event_date, NOT bool_or(resolves) AS has_copd
    FROM concept_events
    INNER JOIN copd_concepts ON concept_events.concept = copd_concepts.concept
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
