-- Body mass index: the newest of a coded one and one from the latest weight and height; on the same day the
-- coded one counts.
-- Source: docs/decisions.md §11; range from the NHLI respiratory group's curation scripts.
WITH heights AS (
    SELECT patient, value / 100 AS height_m
    FROM latest_measurements
    WHERE measure = 'height'
),

candidates AS (
    SELECT patient, event_date, value, 1 AS preference
    FROM latest_measurements
    WHERE measure = 'bmi'
    UNION ALL
    SELECT weighed.patient, weighed.event_date, weighed.value / (height_m * height_m), 2
    FROM latest_measurements AS weighed
    INNER JOIN heights ON weighed.patient = heights.patient
    WHERE weighed.measure = 'weight' AND weighed.value / (height_m * height_m) BETWEEN 10 AND 100
),

ranked AS (
    SELECT
        *,
        row_number() OVER (
            PARTITION BY patient ORDER BY event_date DESC, preference
        ) AS place
    FROM candidates
)

SELECT patient, event_date, value
FROM ranked
WHERE place = 1
