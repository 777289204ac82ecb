-- Exacerbations of register patients up to the index: counts in 12 and 24 months by severity, dates.
-- Windows are open at their start and closed at the index (docs/decisions.md §1).
SELECT
    counted_exacerbations.patient,
    CAST(count(CASE WHEN main AND last_12m AND severity = 'moderate' THEN 1 END) AS INTEGER) AS moderate_12m,
    CAST(count(CASE WHEN main AND last_12m AND severity = 'severe' THEN 1 END) AS INTEGER) AS severe_12m,
    CAST(count(CASE WHEN main AND last_12m AND severity = 'ed_only' THEN 1 END) AS INTEGER) AS ed_only_12m,
    CAST(count(CASE WHEN main AND last_12m AND severity = 'moderate' AND treated THEN 1 END) AS INTEGER)
    AS treated_12m,
    CAST(count(CASE WHEN main AND last_24m AND severity = 'moderate' THEN 1 END) AS INTEGER) AS moderate_24m,
    CAST(count(CASE WHEN main AND last_24m AND severity = 'severe' THEN 1 END) AS INTEGER) AS severe_24m,
    CAST(count(CASE WHEN main AND last_24m THEN 1 END) AS INTEGER) AS any_24m,
    CAST(count(CASE WHEN without_rescue AND last_12m AND severity = 'moderate' THEN 1 END) AS INTEGER)
    AS moderate_12m_excl_rescue,
    CAST(count(CASE WHEN without_rescue AND last_12m THEN 1 END) AS INTEGER) AS any_12m_excl_rescue,
    bool_or(main AND severity = 'severe') AS severe_ever,
    max(CASE WHEN main THEN start_date END) AS last_exacerbation_date,
    max(CASE WHEN main AND severity = 'severe' THEN start_date END) AS last_severe_date,
    array_to_string(list_sort(list(evidence) FILTER (WHERE main AND last_12m)), '; ') AS evidence_12m,
    array_to_string(
        list_sort(list(evidence) FILTER (WHERE main AND last_12m AND severity = 'moderate')), '; '
    ) AS moderate_evidence_12m
FROM (
    SELECT
        *,
        counting = 'all' AS main,
        counting = 'excl_rescue'
        OR patient NOT IN (SELECT patient FROM counted_exacerbations WHERE rescue_pack) AS without_rescue,
        start_date > $index - INTERVAL 12 MONTH AS last_12m,
        start_date > $index - INTERVAL 24 MONTH AS last_24m
    FROM counted_exacerbations
) AS counted_exacerbations
SEMI JOIN register ON counted_exacerbations.patient = register.patient
GROUP BY counted_exacerbations.patient
