-- Answers that can place somebody, by practice and month: notes and refused ones place nobody. Whole months from
-- $first on (docs/run-guard.md).
SELECT practice_id, strftime(decided_on, '%Y-%m') AS month, count(*) AS answers
FROM decisions
WHERE decided_on >= $first AND decided_on <= $as_of
    AND lower(trim(decision)) NOT IN ('note', 'refused')
GROUP BY practice_id, month
ORDER BY practice_id, month
