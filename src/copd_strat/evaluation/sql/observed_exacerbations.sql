-- Every exacerbation that the whole extract shows: what a back-test's predictions are held against.
-- Source: docs/decisions.md §7 to §9.
SELECT
    patient_id,
    start_date,
    severity
FROM exacerbations
