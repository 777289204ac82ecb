-- What register patients' exacerbations of the 12 months up to the index rest on, in order of time: of all, and of the
-- moderate ones; one of $parts parts of the patients. Evidence of nothing is NULL: engines differ in what a list of
-- nothing is.
-- Source: docs/decisions.md §8, §44.
SELECT
    recent.patient,
    nullif(array_to_string(array_sort(array_agg(recent.evidence)), '; '), '') AS exacerbation_evidence_12m,
    nullif(
        array_to_string(array_sort(array_agg(recent.evidence) FILTER (WHERE recent.severity = 'moderate')), '; '), ''
    ) AS moderate_evidence_12m
FROM counted_exacerbations AS recent
SEMI JOIN register ON recent.patient = register.patient
WHERE
    recent.counting = 'all'
    AND recent.start_date > $index - INTERVAL 12 MONTH
    AND recent.patient % $parts = $part
GROUP BY recent.patient
