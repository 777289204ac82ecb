-- The network each practice belongs to now, for policies whose places are given by network
-- (docs/decisions.md §18: capacity is counted for a practice or a network).
SELECT
    practice_id,
    max_by(pcn, coalesce(valid_from, DATE '1900-01-01')) AS pcn
FROM organisations
WHERE valid_to IS NULL
GROUP BY practice_id
