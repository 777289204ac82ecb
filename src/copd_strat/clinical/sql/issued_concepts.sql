-- Prescription issues, joined once to the code lists; dates are read as in gp_concepts.sql.
-- amount: quantity times the strength that the list gives, which is mg for steroids and means nothing for other
-- medicines; a steroid of unknown strength counts as 5 mg tablets. NULL where the quantity is missing.
-- Source: NHLI harmonisation (strengths of tablets); docs/decisions.md §40.
SELECT
    people.patient,
    prescriptions.issue_date AS event_date,
    event_codes.concept,
    prescriptions.quantity * coalesce(event_codes.value, 5) AS amount
FROM prescriptions
INNER JOIN event_codes ON prescriptions.dmd_code = event_codes.code
INNER JOIN people ON prescriptions.patient_id = people.patient_id
WHERE event_codes.code_system = 'dmd'
    AND prescriptions.issue_date <= $as_of
    AND prescriptions.issue_date > DATE '1900-01-01'
