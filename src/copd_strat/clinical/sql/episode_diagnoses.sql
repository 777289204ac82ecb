-- Diagnoses of used hospital episodes, one row each; leading says whether it stood first.
-- Source: canonical table hospital_episodes, cleaned in hospital_rows.sql.
SELECT patient, episode_id, episode_start, diagnosis_position = 'diagnosis_01' AS leading, diagnosis
FROM (SELECT * FROM hospital_rows WHERE fault IS NULL) AS used
UNPIVOT (
    diagnosis FOR diagnosis_position IN (
        diagnosis_01, diagnosis_02, diagnosis_03, diagnosis_04, diagnosis_05,
        diagnosis_06, diagnosis_07, diagnosis_08, diagnosis_09, diagnosis_10,
        diagnosis_11, diagnosis_12, diagnosis_13, diagnosis_14, diagnosis_15,
        diagnosis_16, diagnosis_17, diagnosis_18, diagnosis_19, diagnosis_20
    )
) AS diagnoses
