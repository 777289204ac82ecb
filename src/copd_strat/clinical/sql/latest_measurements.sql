-- The latest plausible value of each measure up to the index, whatever its age.
-- Source: docs/decisions.md §11.
SELECT patient, measure, max(event_date) AS event_date, max_by(value, event_date) AS value
FROM daily_measurements
GROUP BY patient, measure
