-- Diagnoses of emergency department attendances of people who ever had COPD, one row each.
-- Suspected and confirmed ones alike: the qualifier is too often empty to judge by.
-- Source: canonical table ed_attendances; using suspected diagnoses is a project choice.
SELECT patient, attendance_id, arrival_date, diagnosis
FROM (
    SELECT
        people.patient, attendance_id, arrival_date,
        diagnosis_01, diagnosis_02, diagnosis_03, diagnosis_04, diagnosis_05,
        diagnosis_06, diagnosis_07, diagnosis_08, diagnosis_09, diagnosis_10,
        diagnosis_11, diagnosis_12
    FROM ed_attendances
    INNER JOIN people ON ed_attendances.patient_id = people.patient_id
    SEMI JOIN copd_spans ON people.patient = copd_spans.patient
    WHERE arrival_date <= $as_of
) AS attendances
UNPIVOT (
    diagnosis FOR diagnosis_position IN (
        diagnosis_01, diagnosis_02, diagnosis_03, diagnosis_04, diagnosis_05,
        diagnosis_06, diagnosis_07, diagnosis_08, diagnosis_09, diagnosis_10,
        diagnosis_11, diagnosis_12
    )
) AS diagnoses
