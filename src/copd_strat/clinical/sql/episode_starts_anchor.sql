-- First days of exacerbations, anchor rule: an event belongs to the running exacerbation if it starts no more
-- than the gap after the exacerbation's first day; the next later event opens a new one.
-- Source: docs/decisions.md §8; the gap is in anchor_successors.sql.
WITH RECURSIVE anchors AS (
    SELECT counting, patient, min(start_date) AS episode_start
    FROM anchor_successors
    GROUP BY counting, patient
    UNION ALL
    SELECT anchors.counting, anchors.patient, anchor_successors.next_start
    FROM anchors
    INNER JOIN anchor_successors
        ON anchors.counting = anchor_successors.counting
        AND anchors.patient = anchor_successors.patient
        AND anchors.episode_start = anchor_successors.start_date
    WHERE anchor_successors.next_start IS NOT NULL
)

SELECT counting, patient, episode_start
FROM anchors
