-- Degree of frailty: latest of the frailty codes, the Clinical Frailty Scale (1 to 4 fit, 5 mild, 6 moderate,
-- 7 to 9 severe, after the levels' own names) and the electronic frailty index (below 0.12 fit, 0.24 mild,
-- 0.36 moderate, else severe: NCL ICB). On one day the highest degree counts.
WITH degrees AS (
    SELECT
        patient_id,
        event_date,
        CASE concept
            WHEN 'frailty_mild' THEN 1
            WHEN 'frailty_moderate' THEN 2
            WHEN 'frailty_severe' THEN 3
            WHEN 'rockwood_cfs' THEN least(greatest(value - 4, 0), 3)
        END AS degree
    FROM concept_events
    WHERE event_date <= $index
        AND concept IN ('frailty_mild', 'frailty_moderate', 'frailty_severe', 'rockwood_cfs')
    UNION ALL
    SELECT
        patient_id,
        event_date,
        CASE WHEN value < 0.12 THEN 0 WHEN value < 0.24 THEN 1 WHEN value < 0.36 THEN 2 ELSE 3 END
    FROM measurements
    WHERE plausible AND measure = 'efi_score'
),

days AS (
    SELECT degrees.patient_id, event_date, max(degree) AS degree
    FROM degrees
    SEMI JOIN register ON degrees.patient_id = register.patient_id
    WHERE degree IS NOT NULL
    GROUP BY degrees.patient_id, event_date
)

SELECT
    patient_id,
    max(event_date) AS event_date,
    CASE CAST(arg_max(degree, event_date) AS INTEGER)
        WHEN 0 THEN 'fit' WHEN 1 THEN 'mild' WHEN 2 THEN 'moderate' ELSE 'severe'
    END AS degree
FROM days
GROUP BY patient_id
