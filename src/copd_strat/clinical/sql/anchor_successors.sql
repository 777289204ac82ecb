-- For each day on which an event starts, the first later one more than $gap days after it: where the next
-- exacerbation would open, if one opened here (anchor rule). A table, or every round of the recursion would work
-- it out again.
-- For patients with rescue packs, counting 'excl_rescue' repeats this without the days of their issue.
-- Source: docs/decisions.md §8.
WITH days AS (
    SELECT DISTINCT 'all' AS counting, patient, start_date FROM exacerbation_events
    UNION ALL
    SELECT DISTINCT 'excl_rescue', patient, start_date
    FROM exacerbation_events
    WHERE NOT rescue_pack
        AND patient IN (SELECT patient FROM exacerbation_events WHERE rescue_pack)
)

SELECT
    counting,
    patient,
    start_date,
    min(start_date) OVER (
        PARTITION BY counting, patient
        ORDER BY date_diff('day', DATE '1900-01-01', start_date)
        RANGE BETWEEN $gap + 1 FOLLOWING AND UNBOUNDED FOLLOWING
    ) AS next_start
FROM days
