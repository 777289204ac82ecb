-- Body mass index: the newest plausible one of the coded ones and those of every weight with a height; on the
-- same day the coded one counts. A pair is judged before the newest is taken, so that a slip in one weight or
-- height does not empty the index. A coded index outranks all weights up to its day: only later ones are paired.
-- Source: docs/decisions.md §11; range from data/measures.csv (NHLI respiratory group's curation scripts).
WITH pairs AS (
    SELECT
        weighed.patient,
        weighed.event_date,
        -- the newest height first
        measured.event_date AS height_date,
        10000 * weighed.value / (measured.value * measured.value) AS value
    FROM daily_measurements AS weighed
    INNER JOIN daily_measurements AS measured ON weighed.patient = measured.patient
    LEFT JOIN latest_measurements AS coded ON weighed.patient = coded.patient AND coded.measure = 'bmi'
    WHERE weighed.measure = 'weight'
        AND measured.measure = 'height'
        AND (coded.event_date IS NULL OR weighed.event_date > coded.event_date)
),

candidates AS (
    SELECT patient, event_date, value, 1 AS preference, event_date AS height_date
    FROM latest_measurements
    WHERE measure = 'bmi'
    UNION ALL
    SELECT pairs.patient, pairs.event_date, pairs.value, 2, pairs.height_date
    FROM pairs
    INNER JOIN measures ON measures.measure = 'bmi' AND pairs.value BETWEEN measures.lowest AND measures.highest
),

ranked AS (
    SELECT
        *,
        row_number() OVER (
            PARTITION BY patient ORDER BY event_date DESC, preference, height_date DESC
        ) AS place
    FROM candidates
)

SELECT patient, event_date, value
FROM ranked
WHERE place = 1
