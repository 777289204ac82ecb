-- Readings of register patients, each in the one unit of its measure (data/measures.csv).
-- understood: its unit, or its size where none is told, says how to convert it; plausible: understood and inside
-- the measure's range, so that it may be used. unit: as written, where not understood.
-- Source: docs/decisions.md §33; ranges, factors and their sources row by row in data/measures.csv,
-- data/measure_concepts.csv and data/units.csv.
WITH readings AS (
    SELECT
        gp_concepts.patient,
        gp_concepts.event_date,
        measure_concepts.measure,
        gp_concepts.value + measure_concepts.added AS value,
        -- none is told, or the code itself states the value
        coalesce(gp_concepts.unit, '') AS unit
    FROM gp_concepts
    INNER JOIN measure_concepts ON gp_concepts.concept = measure_concepts.concept
    SEMI JOIN register ON gp_concepts.patient = register.patient
    WHERE gp_concepts.event_date <= $index AND gp_concepts.value IS NOT NULL
),

matched AS (
    SELECT
        readings.patient,
        readings.event_date,
        coalesce(unit_rules.becomes, readings.measure) AS measure,
        readings.value,
        readings.unit,
        CASE
            WHEN readings.value <= unit_rules.at_most THEN unit_rules.factor
            WHEN readings.value > unit_rules.large_above AND readings.value <= unit_rules.large_at_most
                THEN unit_rules.large_factor
        END AS factor
    FROM readings
    LEFT JOIN unit_rules ON readings.measure = unit_rules.measure AND readings.unit = unit_rules.unit
),

converted AS (
    SELECT
        * EXCLUDE (value),
        -- six decimals: a factor such as 0.01 must not turn 70 % into more than 0.7
        CASE WHEN factor = 1 THEN value ELSE round(value * factor, 6) END AS value
    FROM matched
)

SELECT
    converted.patient,
    converted.measure,
    converted.event_date,
    converted.value,
    converted.factor IS NOT NULL AS understood,
    CASE WHEN converted.factor IS NULL THEN converted.unit END AS unit,
    coalesce(
        converted.value BETWEEN measures.lowest AND measures.highest
        AND (NOT measures.whole OR converted.value = floor(converted.value)),
        FALSE
    ) AS plausible
FROM converted
INNER JOIN measures ON converted.measure = measures.measure
