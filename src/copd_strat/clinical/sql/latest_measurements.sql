-- The latest plausible value of each measure up to the index, whatever its age.
SELECT
    patient_id,
    measure,
    max(event_date) AS event_date,
    arg_max(value, event_date) AS value
FROM daily_measurements
GROUP BY patient_id, measure
