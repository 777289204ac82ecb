-- The latest plausible value of each measure up to the index, whatever its age. Of several on that day the best
-- blowing counts (NHLI curation), as does the highest of every other measure, but the lowest oxygen saturation:
-- the worse grade or score is the safer reading (project choice, needs clinical sign-off).
WITH latest AS (
    SELECT patient_id, measure, max(event_date) AS event_date
    FROM measurements
    WHERE plausible
    GROUP BY patient_id, measure
)

SELECT
    latest.patient_id,
    latest.measure,
    latest.event_date,
    CASE WHEN latest.measure = 'spo2' THEN min(measurements.value) ELSE max(measurements.value) END AS value
FROM latest
INNER JOIN measurements
    ON latest.patient_id = measurements.patient_id
    AND latest.measure = measurements.measure
    AND latest.event_date = measurements.event_date
WHERE measurements.plausible
GROUP BY latest.patient_id, latest.measure, latest.event_date
