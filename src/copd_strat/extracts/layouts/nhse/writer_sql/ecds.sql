-- Emergency Care Data Set as a wide table: diagnoses in SNOMED CT, each with its qualifier.
SELECT
    patient_id AS PERSON_ID_DEID,
    attendance_id AS EC_IDENT,
    arrival_date AS ARRIVAL_DATE,
    departure_date AS DEPARTURE_DATE,
    discharge_destination AS DISCHARGE_DESTINATION,
    diagnosis_01 AS DIAGNOSIS_CODE_01, diagnosis_qualifier_01 AS DIAGNOSIS_QUALIFIER_01,
    diagnosis_02 AS DIAGNOSIS_CODE_02, diagnosis_qualifier_02 AS DIAGNOSIS_QUALIFIER_02
FROM ed_attendances
ORDER BY attendance_id
