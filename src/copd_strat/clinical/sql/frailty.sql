-- Degree of frailty: latest of the frailty codes, the Clinical Frailty Scale (1 to 4 fit, 5 mild, 6 moderate,
-- 7 to 9 severe, after the levels' own names) and the electronic frailty index (below 0.12 fit, 0.24 mild,
-- 0.36 moderate, else severe: NCL ICB). On one day the highest degree counts.
WITH coded AS (
    SELECT CAST(concept AS concept_category) AS concept, degree
    FROM (
        VALUES ('frailty_mild', 1), ('frailty_moderate', 2), ('frailty_severe', 3)
    ) AS listed (concept, degree)
),

degrees AS (
    SELECT patient, event_date, degree
    FROM concept_events
    INNER JOIN coded ON concept_events.concept = coded.concept
    WHERE event_date <= $index
    UNION ALL
    SELECT
        patient,
        event_date,
        CASE
            WHEN measure = 'rockwood_cfs' THEN least(greatest(value - 4, 0), 3)
            WHEN value < 0.12 THEN 0
            WHEN value < 0.24 THEN 1
            WHEN value < 0.36 THEN 2
            ELSE 3
        END
    FROM measurements
    WHERE plausible AND measure IN ('efi_score', 'rockwood_cfs')
),

days AS (
    SELECT degrees.patient, event_date, max(degree) AS degree
    FROM degrees
    SEMI JOIN register ON degrees.patient = register.patient
    WHERE degree IS NOT NULL
    GROUP BY degrees.patient, event_date
)

SELECT
    patient,
    max(event_date) AS event_date,
    CASE CAST(arg_max(degree, event_date) AS INTEGER)
        WHEN 0 THEN 'fit' WHEN 1 THEN 'mild' WHEN 2 THEN 'moderate' ELSE 'severe'
    END AS degree
FROM days
GROUP BY patient
