-- Readings with a known unit by practice and measure, and how many of them cannot be: a practice that sends
-- another unit than it says is not seen in the sum of all.
-- Source: measurements.sql.
SELECT
    register.practice_id,
    measurements.measure,
    count(*) AS readings,
    count(CASE WHEN NOT measurements.plausible THEN 1 END) AS impossible
FROM measurements
INNER JOIN register ON measurements.patient = register.patient
WHERE measurements.understood
GROUP BY register.practice_id, measurements.measure
HAVING count(CASE WHEN NOT measurements.plausible THEN 1 END) > 0
