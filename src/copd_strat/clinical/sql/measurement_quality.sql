-- How many readings of each measure were set aside: for a unit that is not known, or as implausible.
-- Source: measurements.sql.
SELECT
    measure,
    count(*) AS readings,
    count(CASE WHEN NOT understood THEN 1 END) AS unit_unknown,
    count(CASE WHEN understood AND NOT plausible THEN 1 END) AS implausible
FROM measurements
GROUP BY measure
