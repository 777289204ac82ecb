-- Prescription issues, joined once to the code lists; dates are read as in gp_concepts.sql.
-- course_sized: whether the quantity is that of a course of oral steroid of 5 to 14 days: 150 to 420 mg of
-- prednisolone (30 mg a day for 5 to 14 days; 30 to 84 tablets of 5 mg [unconfirmed]). A missing quantity reads
-- as a course; a quantity whose strength the list does not give counts as 5 mg tablets. Only asked of steroids.
-- Source: docs/decisions.md §9; NHLI harmonisation (strengths of tablets).
SELECT
    people.patient,
    prescriptions.issue_date AS event_date,
    event_codes.concept,
    coalesce(prescriptions.quantity * coalesce(event_codes.value, 5) BETWEEN 150 AND 420, TRUE) AS course_sized
FROM prescriptions
INNER JOIN event_codes ON prescriptions.dmd_code = event_codes.code
INNER JOIN people ON prescriptions.patient_id = people.patient_id
WHERE event_codes.code_system = 'dmd'
    AND prescriptions.issue_date <= $as_of
    AND prescriptions.issue_date > DATE '1900-01-01'
