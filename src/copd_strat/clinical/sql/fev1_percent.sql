-- FEV1 as % of predicted: the newest of a coded percentage and one computed from litres by GLI Global 2022
-- (Bowerman 2023, doi 10.1164/rccm.202205-0963OC; ARTP 2025), with the latest height and the age on the day;
-- on the same day the coded one counts (docs/decisions.md §11).
-- Source: Bowerman 2023, doi 10.1164/rccm.202205-0963OC; ARTP 2025; docs/decisions.md §11.
WITH heights AS (
    SELECT patient, value AS height_cm
    FROM latest_measurements
    WHERE measure = 'height'
),

computed AS (
    SELECT
        blown.patient,
        blown.event_date,
        100 * blown.value / exp(
            gli_median.intercept
            + gli_median.ln_height * ln(heights.height_cm)
            + gli_median.ln_age * ln(date_diff('day', register.birth_date, blown.event_date) / 365.25)
            + gli_median.spline
        ) AS value
    FROM latest_measurements AS blown
    INNER JOIN register ON blown.patient = register.patient
    INNER JOIN heights ON blown.patient = heights.patient
    INNER JOIN gli_median
        ON register.sex = gli_median.sex
        AND floor(4 * date_diff('day', register.birth_date, blown.event_date) / 365.25) / 4
        = gli_median.quarter_age
    WHERE blown.measure = 'fev1'
),

candidates AS (
    SELECT patient, event_date, value, 'coded' AS source
    FROM latest_measurements
    WHERE measure = 'fev1_pct_pred'
    UNION ALL
    SELECT patient, event_date, value, 'gli_2022' FROM computed
),

ranked AS (
    SELECT
        *,
        row_number() OVER (PARTITION BY patient ORDER BY event_date DESC, source) AS place
    FROM candidates
)

SELECT patient, event_date, value, source
FROM ranked
WHERE place = 1
