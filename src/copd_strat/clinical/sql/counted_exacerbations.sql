-- Exacerbations: events gathered under the first day they belong to.
-- severity: the highest inside (severe over ed_only over moderate); treated: an antibiotic or oral steroid
-- was issued. evidence: the first event of the highest severity, since a milder one after a stay is no evidence of the
-- stay; then when it all began, if earlier, and how many events more there are. It starts with a date, so that the text
-- sorts by time. One row an exacerbation and way of counting ('all'; 'excl_rescue' where there is a pack).
-- Source: docs/decisions.md §8, §44.
WITH spans AS (
    SELECT
        counting,
        patient,
        episode_start,
        lead(episode_start) OVER (
            PARTITION BY counting, patient ORDER BY episode_start
        ) AS next_start
    FROM episode_starts
),

gathered AS (
    SELECT
        spans.counting,
        spans.patient,
        spans.episode_start,
        events.end_date,
        events.severity,
        events.treated,
        events.rescue_pack,
        -- a smaller first letter for a higher severity: the least of these texts is the foremost event's
        concat(
            CASE events.severity WHEN 'severe' THEN 'a' WHEN 'ed_only' THEN 'b' ELSE 'c' END,
            CAST(events.start_date AS VARCHAR), ' ', events.evidence
        ) AS placed_evidence
    FROM spans
    INNER JOIN exacerbation_events AS events
        ON spans.patient = events.patient
        AND events.start_date >= spans.episode_start
        AND (spans.next_start IS NULL OR events.start_date < spans.next_start)
        AND (spans.counting = 'all' OR NOT events.rescue_pack)
),

counted AS (
    SELECT
        counting,
        patient,
        episode_start,
        max(end_date) AS end_date,
        CASE max(CASE severity WHEN 'severe' THEN 3 WHEN 'ed_only' THEN 2 ELSE 1 END)
            WHEN 3 THEN 'severe'
            WHEN 2 THEN 'ed_only'
            ELSE 'moderate'
        END AS severity,
        bool_or(treated) AS treated,
        bool_or(rescue_pack) AS rescue_pack,
        count(*) AS events,
        substring(min(placed_evidence), 2) AS foremost
    FROM gathered
    GROUP BY counting, patient, episode_start
)

SELECT
    counting,
    patient,
    episode_start AS start_date,
    end_date,
    severity,
    treated,
    rescue_pack,
    events,
    concat(
        foremost,
        CASE
            WHEN events = 1 THEN ''
            ELSE concat(
                ' (',
                CASE
                    WHEN substring(foremost, 1, 10) <> CAST(episode_start AS VARCHAR)
                        THEN concat('began ', CAST(episode_start AS VARCHAR), ', ')
                    ELSE ''
                END,
                CAST(events - 1 AS VARCHAR),
                CASE events WHEN 2 THEN ' more event)' ELSE ' more events)' END
            )
        END
    ) AS evidence
FROM counted
