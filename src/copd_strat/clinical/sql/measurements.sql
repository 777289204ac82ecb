-- Readings of register patients in one unit a measure; plausible says whether a reading may be used.
-- How each concept is read stands in data/measures.csv (measure, range, whole numbers, window).
-- Source: ranges and conversions from the NHLI respiratory group's curation scripts (FEV1 0.1 to 7 L, above 200
-- read as millilitres; a unit of "predicted" makes it a percentage; BMI 10 to 100), NCL ICB (ratio above 1 is
-- a percentage; 0.1 to 1.0). Eosinophils up to 10 are 10^9/L, 150 to 1500 cells/uL [unconfirmed]; SpO2 50 to
-- 100 % [unconfirmed]. mMRC = MRC - 1 [unconfirmed]. Project choices: % predicted 5 to 200, FVC 0.1 to 10 L,
-- height 100 to 230 cm (below 3 read as metres), weight 20 to 350 kg.
WITH readings AS (
    SELECT
        gp_concepts.patient,
        gp_concepts.event_date,
        measures.measure,
        gp_concepts.value,
        coalesce(gp_concepts.unit, '') AS unit,
        gp_concepts.concept = 'mmrc_grade' AS modified_mrc,
        measures.lowest,
        measures.highest,
        measures.whole
    FROM gp_concepts
    INNER JOIN measures
        ON gp_concepts.concept = measures.concept
        AND measures.percent_unit
        = coalesce(gp_concepts.unit LIKE '%pred%' OR gp_concepts.unit LIKE '%\%%' ESCAPE '\', FALSE)
    SEMI JOIN register ON gp_concepts.patient = register.patient
    WHERE gp_concepts.event_date <= $index AND gp_concepts.value IS NOT NULL
),

converted AS (
    SELECT
        *,
        CASE
            WHEN modified_mrc THEN value + 1
            WHEN measure IN ('fev1', 'fvc') AND (value > 200 OR unit IN ('ml', 'millilitre', 'millilitres'))
                THEN value / 1000
            WHEN measure = 'fev1_fvc_ratio' AND value > 1 THEN value / 100
            WHEN measure = 'height' AND value < 3 THEN value * 100
            WHEN measure = 'eosinophil_count' AND value <= 10 AND unit NOT LIKE '%ul' AND unit NOT LIKE '%mm3'
                THEN value * 1000
            ELSE value
        END AS reading,
        measure = 'eosinophil_count'
        AND value > 10
        AND NOT (value BETWEEN 150 AND 1500)
        AND unit NOT LIKE '%ul'
        AND unit NOT LIKE '%mm3' AS unit_unclear
    FROM readings
)

SELECT
    patient,
    measure,
    event_date,
    reading AS value,
    reading BETWEEN lowest AND highest
    AND NOT unit_unclear
    AND (NOT whole OR reading = floor(reading)) AS plausible
FROM converted
