-- One plausible value a patient, measure and day: of several on a day the highest (the best blow, the worse grade
-- or score), or the lowest where data/measures.csv says so.
-- Source: NHLI respiratory group's curation scripts; data/measures.csv.
SELECT
    measurements.patient,
    measurements.measure,
    measurements.event_date,
    CASE WHEN measures.of_a_day = 'lowest' THEN min(measurements.value) ELSE max(measurements.value) END AS value
FROM measurements
INNER JOIN measures ON measurements.measure = measures.measure
WHERE measurements.plausible
GROUP BY measurements.patient, measurements.measure, measurements.event_date, measures.of_a_day
