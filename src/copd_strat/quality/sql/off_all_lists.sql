-- Reason codes, in one text, of everybody who is on no list and about whom their practice never answered.
SELECT placed_patients.reason_codes
FROM placed_patients
ANTI JOIN answers_given
    ON placed_patients.practice_id = answers_given.practice_id
        AND placed_patients.patient_id = answers_given.patient_id
WHERE placed_patients.disposition = 'not_listed'
