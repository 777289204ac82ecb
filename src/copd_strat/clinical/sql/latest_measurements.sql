-- The latest plausible value of each measure up to the index, whatever its age. Of several on that day the best
-- blowing counts (NHLI curation), as does the highest of every other measure, but the lowest oxygen saturation:
-- the worse grade or score is the safer reading (project choice, needs clinical sign-off).
-- Source: NHLI respiratory group's curation scripts; docs/decisions.md §11.
WITH latest AS (
    SELECT patient, measure, max(event_date) AS event_date
    FROM measurements
    WHERE plausible
    GROUP BY patient, measure
)

SELECT
    latest.patient,
    latest.measure,
    latest.event_date,
    CASE WHEN latest.measure = 'spo2' THEN min(measurements.value) ELSE max(measurements.value) END AS value
FROM latest
INNER JOIN measurements
    ON latest.patient = measurements.patient
    AND latest.measure = measurements.measure
    AND latest.event_date = measurements.event_date
WHERE measurements.plausible
GROUP BY latest.patient, latest.measure, latest.event_date
