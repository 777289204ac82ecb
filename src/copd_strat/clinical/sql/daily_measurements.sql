-- One value a measure and day. Of several the best blowing counts (NHLI curation), as does the highest of
-- every other measure, but the lowest oxygen saturation: the worse grade or score is the safer reading
-- (project choice, needs clinical sign-off).
SELECT
    patient_id,
    measure,
    event_date,
    CASE WHEN measure = 'spo2' THEN min(value) ELSE max(value) END AS value
FROM measurements
WHERE plausible
GROUP BY patient_id, measure, event_date
