-- FEV1 as % of predicted: the newest plausible one of the coded percentages and those computed from litres, with
-- the newest height that gives a plausible one and the age on the day; on the same day the coded one counts.
-- Source: GLI Global 2022 (Bowerman 2023, doi 10.1164/rccm.202205-0963OC; ARTP 2025); docs/decisions.md §11;
-- range from data/measures.csv.
WITH heights AS (
    SELECT patient, max(event_date) AS height_date, value AS height_cm
    FROM daily_measurements
    WHERE measure = 'height'
    GROUP BY patient, value
),

-- A coded percentage outranks all that was blown up to its day: only later litres can win.
later_litres AS (
    SELECT litres.patient, litres.event_date, litres.value
    FROM daily_measurements AS litres
    LEFT JOIN latest_measurements AS coded
        ON litres.patient = coded.patient AND coded.measure = 'fev1_pct_pred'
    WHERE litres.measure = 'fev1' AND (coded.event_date IS NULL OR litres.event_date > coded.event_date)
),

computed AS (
    SELECT
        blown.patient,
        blown.event_date,
        heights.height_date,
        100 * blown.value / exp(
            gli_median.intercept
            + gli_median.ln_height * ln(heights.height_cm)
            + gli_median.ln_age * ln(date_diff('day', register.birth_date, blown.event_date) / CAST(365.25 AS DOUBLE))
            + gli_median.spline
        ) AS value
    FROM later_litres AS blown
    INNER JOIN register ON blown.patient = register.patient
    INNER JOIN heights ON blown.patient = heights.patient
    INNER JOIN gli_median
        ON register.sex = gli_median.sex
        AND floor(4 * date_diff('day', register.birth_date, blown.event_date) / CAST(365.25 AS DOUBLE)) / 4
        = gli_median.quarter_age
),

candidates AS (
    SELECT patient, event_date, value, 'coded' AS source, event_date AS height_date
    FROM latest_measurements
    WHERE measure = 'fev1_pct_pred'
    UNION ALL
    SELECT computed.patient, computed.event_date, computed.value, 'gli_2022', computed.height_date
    FROM computed
    INNER JOIN measures
        ON measures.measure = 'fev1_pct_pred'
        AND computed.value BETWEEN measures.lowest AND measures.highest
),

ranked AS (
    SELECT
        *,
        row_number() OVER (
            PARTITION BY patient ORDER BY event_date DESC, source, height_date DESC
        ) AS place
    FROM candidates
)

SELECT patient, event_date, value, source
FROM ranked
WHERE place = 1
