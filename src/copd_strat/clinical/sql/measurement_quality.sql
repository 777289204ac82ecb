-- How many readings of each measure were set aside as implausible.
-- Source: measurements.sql.
SELECT
    measure,
    count(*) AS readings,
    CAST(sum(CASE WHEN plausible THEN 0 ELSE 1 END) AS BIGINT) AS implausible
FROM measurements
GROUP BY measure
