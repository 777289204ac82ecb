-- Exacerbations: events gathered under the first day they belong to.
-- severity: the highest inside (severe over ed_only over moderate); treated: an antibiotic or oral steroid
-- was issued; each piece of evidence starts with its date, so that the
-- text sorts by time. One row an exacerbation and way of counting ('all'; 'excl_rescue' where there is a pack).
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
)

SELECT
    spans.counting,
    spans.patient,
    spans.episode_start AS start_date,
    max(events.end_date) AS end_date,
    CASE max(CASE events.severity WHEN 'severe' THEN 3 WHEN 'ed_only' THEN 2 ELSE 1 END)
        WHEN 3 THEN 'severe'
        WHEN 2 THEN 'ed_only'
        ELSE 'moderate'
    END AS severity,
    bool_or(events.treated) AS treated,
    bool_or(events.rescue_pack) AS rescue_pack,
    count(*) AS events,
    array_to_string(
        list_sort(list(concat(CAST(events.start_date AS VARCHAR), ' ', events.evidence))), '; '
    ) AS evidence
FROM spans
INNER JOIN exacerbation_events AS events
    ON spans.patient = events.patient
    AND events.start_date >= spans.episode_start
    AND (spans.next_start IS NULL OR events.start_date < spans.next_start)
    AND (spans.counting = 'all' OR NOT events.rescue_pack)
GROUP BY spans.counting, spans.patient, spans.episode_start
