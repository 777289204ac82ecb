-- The organisations each practice belongs to now, for policies whose places are given by one of them
-- (docs/decisions.md §18: capacity is counted for a practice or what it belongs to).
SELECT
    practice_id,
    max_by(pcn, coalesce(valid_from, DATE '1900-01-01')) AS pcn,
    max_by(sub_icb, coalesce(valid_from, DATE '1900-01-01')) AS sub_icb,
    max_by(icb, coalesce(valid_from, DATE '1900-01-01')) AS icb
FROM organisations
WHERE valid_to IS NULL
GROUP BY practice_id
