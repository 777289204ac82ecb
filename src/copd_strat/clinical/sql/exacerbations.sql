-- Exacerbations of everybody who ever had COPD, over the whole history, rescue packs included.
-- Source: docs/decisions.md §7 to §9.
SELECT
    people.patient_id,
    start_date,
    end_date,
    severity,
    treated,
    rescue_pack,
    events,
    evidence
FROM counted_exacerbations
INNER JOIN people ON counted_exacerbations.patient = people.patient
WHERE counting = 'all'
