-- How many readings of each measure have a known unit, how many of those cannot be, and whether the middle one is
-- where that of a group of people with COPD can lie (usual; NULL: nothing is known of it).
-- Source: measurements.sql; data/measure_medians.csv.
WITH counted AS (
    SELECT
        measure,
        count(*) AS readings,
        count(CASE WHEN NOT plausible THEN 1 END) AS impossible,
        median(value) AS middle
    FROM measurements
    WHERE understood
    GROUP BY measure
)

SELECT
    counted.measure,
    counted.readings,
    counted.impossible,
    counted.middle BETWEEN measure_medians.lowest AND measure_medians.highest AS usual
FROM counted
LEFT JOIN measure_medians ON counted.measure = measure_medians.measure
