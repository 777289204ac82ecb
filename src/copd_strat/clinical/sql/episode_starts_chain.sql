-- First days of exacerbations, chain rule: an event belongs to the running exacerbation if it starts no more
-- than $gap days after the latest end so far (exactly 14 days is the same one, 15 a new one).
-- For patients with rescue packs, counting 'excl_rescue' repeats this without the days of their issue.
-- Source: Rothnie 2016, PLoS ONE 11:e0151357; docs/decisions.md §8.
WITH counted AS (
    SELECT 'all' AS counting, patient, start_date, end_date FROM exacerbation_events
    UNION ALL
    SELECT 'excl_rescue', patient, start_date, end_date
    FROM exacerbation_events
    WHERE NOT rescue_pack
        AND patient IN (SELECT patient FROM exacerbation_events WHERE rescue_pack)
),

compared AS (
    SELECT
        counting,
        patient,
        start_date,
        max(end_date) OVER (
            PARTITION BY counting, patient
            ORDER BY start_date, end_date
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS latest_end
    FROM counted
)

SELECT DISTINCT counting, patient, start_date AS episode_start
FROM compared
WHERE latest_end IS NULL OR date_diff('day', latest_end, start_date) > $gap
