-- Numbers that people are judged by: how many there are, how many are 0, and the least and the greatest.
SELECT
    'gp_events' AS relation,
    'value' AS name,
    count(value) AS numbers,
    count(CASE WHEN value = 0 THEN 1 END) AS zeros,
    min(value) AS least,
    max(value) AS greatest
FROM gp_events
UNION ALL
SELECT
    'prescriptions',
    'quantity',
    count(quantity),
    count(CASE WHEN quantity = 0 THEN 1 END),
    min(quantity),
    max(quantity)
FROM prescriptions
