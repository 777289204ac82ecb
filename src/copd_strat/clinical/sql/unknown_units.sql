-- Readings set aside because nothing says how to convert them, by measure and unit as written (empty: none told).
-- Source: measurements.sql; docs/decisions.md §33.
SELECT CAST(measure AS VARCHAR) AS measure, unit, count(*) AS readings
FROM measurements
WHERE NOT understood
GROUP BY measure, unit
