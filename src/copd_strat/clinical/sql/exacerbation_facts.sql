-- Exacerbations of register patients up to the index: counts in 12 and 24 months by severity, dates.
-- Windows are open at their start and closed at the index. For patients without a rescue pack, counting 'all'
-- is also the count without the days of one.
-- Source: docs/decisions.md §1, §7 to §9.
WITH counted AS (
    SELECT
        *,
        counting = 'all' AS main,
        counting = 'excl_rescue'
        OR patient NOT IN (SELECT patient FROM counted_exacerbations WHERE rescue_pack) AS without_rescue,
        start_date > $index - INTERVAL 12 MONTH AS last_12m,
        start_date > $index - INTERVAL 24 MONTH AS last_24m
    FROM counted_exacerbations
)

SELECT
    counted.patient,
    count(CASE WHEN main AND last_12m AND severity = 'moderate' THEN 1 END) AS moderate_exacerbations_12m,
    count(CASE WHEN main AND last_12m AND severity = 'severe' THEN 1 END) AS severe_exacerbations_12m,
    count(CASE WHEN main AND last_12m AND severity = 'ed_only' THEN 1 END) AS ed_only_exacerbations_12m,
    count(CASE WHEN main AND last_12m THEN 1 END) AS exacerbations_12m,
    count(CASE WHEN main AND last_12m AND severity = 'moderate' AND treated THEN 1 END) AS treated_exacerbations_12m,
    count(CASE WHEN without_rescue AND last_12m AND severity = 'moderate' THEN 1 END)
    AS moderate_exacerbations_12m_excl_rescue,
    count(CASE WHEN without_rescue AND last_12m THEN 1 END) AS exacerbations_12m_excl_rescue,
    count(CASE WHEN main AND last_24m AND severity = 'moderate' THEN 1 END) AS moderate_exacerbations_24m,
    count(CASE WHEN main AND last_24m AND severity = 'severe' THEN 1 END) AS severe_exacerbations_24m,
    count(CASE WHEN main AND last_24m THEN 1 END) AS exacerbations_24m,
    bool_or(severity = 'severe') AS severe_ever,  -- alike with and without days of packs
    max(CASE WHEN main THEN start_date END) AS last_exacerbation_date,
    max(CASE WHEN main AND severity = 'severe' THEN start_date END) AS last_severe_date
FROM counted
SEMI JOIN register ON counted.patient = register.patient
GROUP BY counted.patient
