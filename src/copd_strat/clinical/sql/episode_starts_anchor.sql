-- First days of exacerbations, anchor rule: an event belongs to the running exacerbation if it starts no more
-- than $gap days after the exacerbation's first day; the next later event opens a new one.
-- The successors are kept, or every round of the recursion would work them out again.
-- For patients with rescue packs, counting 'excl_rescue' repeats this without the days of their issue.
-- Source: docs/decisions.md §8.
WITH RECURSIVE days AS (
    SELECT DISTINCT 'all' AS counting, patient, start_date FROM exacerbation_events
    UNION ALL
    SELECT DISTINCT 'excl_rescue', patient, start_date
    FROM exacerbation_events
    WHERE NOT rescue_pack
        AND patient IN (SELECT patient FROM exacerbation_events WHERE rescue_pack)
),

successors AS MATERIALIZED (
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
),

anchors AS (
    SELECT counting, patient, min(start_date) AS episode_start
    FROM days
    GROUP BY counting, patient
    UNION ALL
    SELECT anchors.counting, anchors.patient, successors.next_start
    FROM anchors
    INNER JOIN successors
        ON anchors.counting = successors.counting
        AND anchors.patient = successors.patient
        AND anchors.episode_start = successors.start_date
    WHERE successors.next_start IS NOT NULL
)

SELECT counting, patient, episode_start
FROM anchors
