-- FEV1/FVC: the newest plausible one of the coded ratios and those of FEV1 and FVC blown on one day; on the same
-- day the coded one counts. lowest_ratio: the lowest on record, for the check of the diagnosis.
-- Source: docs/decisions.md §11; range from data/measures.csv (NCL ICB); FVC of the same day is a project choice.
WITH candidates AS (
    SELECT patient, event_date, value, 1 AS preference
    FROM daily_measurements
    WHERE measure = 'fev1_fvc_ratio'
    UNION ALL
    SELECT first_second.patient, first_second.event_date, first_second.value / forced.value, 2
    FROM daily_measurements AS first_second
    INNER JOIN daily_measurements AS forced
        ON first_second.patient = forced.patient AND first_second.event_date = forced.event_date
    INNER JOIN measures
        ON measures.measure = 'fev1_fvc_ratio'
        AND first_second.value / forced.value BETWEEN measures.lowest AND measures.highest
    WHERE first_second.measure = 'fev1' AND forced.measure = 'fvc'
),

ranked AS (
    SELECT
        *,
        min(value) OVER (PARTITION BY patient) AS lowest_ratio,
        row_number() OVER (PARTITION BY patient ORDER BY event_date DESC, preference) AS place
    FROM candidates
)

SELECT patient, event_date, value, lowest_ratio
FROM ranked
WHERE place = 1
