-- Degree of frailty: latest of the frailty codes, the Clinical Frailty Scale and the electronic frailty index.
-- On one day the highest degree counts.
-- Source: the levels' own names and NCL ICB (data/frailty_concepts.csv, frailty_bands.csv, frailty_degrees.csv).
WITH degrees AS (
    SELECT patient, event_date, degree
    FROM concept_events
    INNER JOIN frailty_concepts ON concept_events.concept = frailty_concepts.concept
    WHERE event_date <= $index
    UNION ALL
    SELECT measurements.patient, measurements.event_date, frailty_bands.degree
    FROM measurements
    INNER JOIN frailty_bands
        ON measurements.measure = frailty_bands.measure
        AND (frailty_bands.at_least IS NULL OR measurements.value >= frailty_bands.at_least)
        AND (frailty_bands.below IS NULL OR measurements.value < frailty_bands.below)
    WHERE measurements.plausible
),

days AS (
    SELECT degrees.patient, event_date, max(degree) AS degree
    FROM degrees
    SEMI JOIN register ON degrees.patient = register.patient
    GROUP BY degrees.patient, event_date
),

latest AS (
    SELECT patient, max(event_date) AS event_date, max_by(degree, event_date) AS degree
    FROM days
    GROUP BY patient
)

SELECT latest.patient, latest.event_date, frailty_degrees.frailty AS degree
FROM latest
INNER JOIN frailty_degrees ON latest.degree = frailty_degrees.degree
