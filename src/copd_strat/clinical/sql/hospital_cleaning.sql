-- What became of each hospital row: used, used with a repaired admission date, or left out and why.
-- Source: hospital_rows.sql.
SELECT
    coalesce(fault, CASE WHEN repaired THEN 'used, admission date repaired' ELSE 'used' END) AS outcome,
    count(*) AS episodes
FROM hospital_rows
GROUP BY coalesce(fault, CASE WHEN repaired THEN 'used, admission date repaired' ELSE 'used' END)
