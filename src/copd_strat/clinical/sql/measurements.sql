-- Readings of register patients, each in the one unit of its measure (data/measures.csv).
-- understood: its unit, or its size where none is told, says how to convert it (data/units.csv); plausible:
-- understood and inside the measure's range, so that it may be used. unit: as written, where not understood.
-- Source: docs/decisions.md §33; ranges, factors and their sources row by row in data/measures.csv,
-- data/measure_concepts.csv and data/units.csv.
WITH readings AS (
    SELECT
        gp_concepts.patient,
        gp_concepts.event_date,
        measure_concepts.measure,
        gp_concepts.value + measure_concepts.added AS value,
        gp_concepts.unit,
        -- without a unit, or where the code itself states the value
        coalesce(unit_spellings.spelling, '') AS spelling
    FROM gp_concepts
    INNER JOIN measure_concepts ON gp_concepts.concept = measure_concepts.concept
    LEFT JOIN unit_spellings ON gp_concepts.unit = unit_spellings.unit
    SEMI JOIN register ON gp_concepts.patient = register.patient
    WHERE gp_concepts.event_date <= $index AND gp_concepts.value IS NOT NULL
),

converted AS (
    SELECT
        readings.patient,
        readings.event_date,
        coalesce(units.becomes, readings.measure) AS measure,
        -- six decimals: a factor such as 0.01 must not turn 70 % into more than 0.7
        CASE WHEN units.factor = 1 THEN readings.value ELSE round(readings.value * units.factor, 6) END AS value,
        units.factor IS NOT NULL AS understood,
        CASE WHEN units.factor IS NULL THEN coalesce(readings.unit, '') END AS unit
    FROM readings
    LEFT JOIN units
        ON readings.measure = units.measure
        AND readings.spelling = coalesce(units.spelling, '')
        AND (units.above IS NULL OR readings.value > units.above)
        AND (units.at_most IS NULL OR readings.value <= units.at_most)
)

SELECT
    converted.patient,
    converted.measure,
    converted.event_date,
    converted.value,
    converted.understood,
    converted.unit,
    coalesce(
        converted.value BETWEEN measures.lowest AND measures.highest
        AND (NOT measures.whole OR converted.value = floor(converted.value)),
        FALSE
    ) AS plausible
FROM converted
INNER JOIN measures ON converted.measure = measures.measure
