-- Readings of register patients in one unit a measure; plausible says whether a reading may be used.
-- Sources of ranges and conversions: NHLI respiratory group's curation scripts (FEV1 0.1 to 7 L, above 200
-- read as millilitres; a unit of "predicted" makes it a percentage; BMI 10 to 100), NCL ICB (ratio above 1 is
-- a percentage; 0.1 to 1.0). Eosinophils 0 to 10 are 10^9/L, 150 to 1500 cells/uL [unconfirmed]; SpO2 50 to
-- 100 % [unconfirmed]. mMRC = MRC - 1 [unconfirmed]. Project choices: % predicted 5 to 200, FVC 0.1 to 10 L,
-- height 100 to 230 cm (below 3 read as metres), weight 20 to 350 kg.
WITH readings AS (
    SELECT DISTINCT
        concept_events.patient_id,
        event_date,
        CASE
            WHEN concept = 'fev1' AND (unit LIKE '%pred%' OR unit LIKE '%\%%' ESCAPE '\') THEN 'fev1_pct_pred'
            WHEN concept IN ('mrc_grade', 'mrc_scale_value', 'mmrc_grade', 'emrc_grade') THEN 'mrc'
            ELSE concept
        END AS measure,
        concept,
        value,
        coalesce(unit, '') AS unit
    FROM concept_events
    SEMI JOIN register ON concept_events.patient_id = register.patient_id
    WHERE event_date <= $index
        AND value IS NOT NULL
        AND concept IN (
            'mrc_grade', 'mrc_scale_value', 'mmrc_grade', 'emrc_grade', 'cat_score', 'fev1', 'fev1_pct_pred',
            'fev1_fvc_ratio', 'fvc', 'height', 'weight', 'bmi', 'eosinophil_count', 'spo2', 'exacerbation_count',
            'efi_score'
        )
),

converted AS (
    SELECT
        patient_id,
        event_date,
        measure,
        CASE
            WHEN concept = 'mmrc_grade' THEN value + 1
            WHEN measure IN ('fev1', 'fvc') AND (value > 200 OR unit IN ('ml', 'millilitre', 'millilitres'))
                THEN value / 1000
            WHEN measure = 'fev1_fvc_ratio' AND value > 1 THEN value / 100
            WHEN measure = 'height' AND value < 3 THEN value * 100
            WHEN measure = 'eosinophil_count' AND value <= 10 AND unit NOT LIKE '%ul' AND unit NOT LIKE '%mm3'
                THEN value * 1000
            ELSE value
        END AS value,
        measure = 'eosinophil_count'
        AND value > 10
        AND NOT (value BETWEEN 150 AND 1500)
        AND unit NOT LIKE '%ul'
        AND unit NOT LIKE '%mm3' AS unit_unclear
    FROM readings
),

ranges AS (
    SELECT *
    FROM (
        VALUES
        ('mrc', 1, 5), ('cat_score', 0, 40), ('fev1', 0.1, 7), ('fev1_pct_pred', 5, 200),
        ('fev1_fvc_ratio', 0.1, 1), ('fvc', 0.1, 10), ('height', 100, 230), ('weight', 20, 350),
        ('bmi', 10, 100), ('eosinophil_count', 0, 10000), ('spo2', 50, 100), ('exacerbation_count', 0, 50),
        ('efi_score', 0, 1)
    ) AS limits (measure, lowest, highest)
)

SELECT
    converted.patient_id,
    converted.measure,
    converted.event_date,
    converted.value,
    converted.value BETWEEN ranges.lowest AND ranges.highest
    AND NOT converted.unit_unclear
    AND (converted.measure NOT IN ('mrc', 'cat_score', 'exacerbation_count') OR converted.value = floor(converted.value))
    AS plausible
FROM converted
INNER JOIN ranges ON converted.measure = ranges.measure
