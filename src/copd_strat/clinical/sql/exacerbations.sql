-- Exacerbations of everybody who ever had COPD, over the whole history, rescue packs included.
SELECT
    CAST(patient_id AS VARCHAR) AS patient_id,
    start_date,
    end_date,
    severity,
    treated,
    rescue_pack,
    events,
    evidence
FROM counted_exacerbations
WHERE counting = 'all'
