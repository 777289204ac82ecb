-- Exacerbations: events gathered under the first day they belong to.
-- severity: the highest inside (severe over ed_only over moderate); treated: an antibiotic or oral steroid
-- was issued; each piece of evidence starts with its date, so that the
-- text sorts by time. One row an exacerbation and way of counting ('all'; 'excl_rescue' where there is a pack).
-- Most exacerbations are one event, whose text is theirs: lists of texts, which the engine must hold at once, are
-- made of the others only.
-- Source: docs/decisions.md §8.
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
        concat(CAST(events.start_date AS VARCHAR), ' ', events.evidence) AS evidence
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
        min(evidence) AS evidence
    FROM gathered
    GROUP BY counting, patient, episode_start
),

several AS (
    SELECT
        gathered.counting,
        gathered.patient,
        gathered.episode_start,
        array_to_string(array_sort(array_agg(gathered.evidence)), '; ') AS evidence
    FROM gathered
    INNER JOIN counted
        ON gathered.counting = counted.counting
        AND gathered.patient = counted.patient
        AND gathered.episode_start = counted.episode_start
    WHERE counted.events > 1
    GROUP BY gathered.counting, gathered.patient, gathered.episode_start
)

SELECT
    counted.counting,
    counted.patient,
    counted.episode_start AS start_date,
    counted.end_date,
    counted.severity,
    counted.treated,
    counted.rescue_pack,
    counted.events,
    coalesce(several.evidence, counted.evidence) AS evidence
FROM counted
LEFT JOIN several
    ON counted.counting = several.counting
    AND counted.patient = several.patient
    AND counted.episode_start = several.episode_start
