-- What each hospital episode says about COPD: an acute exacerbation or a lower respiratory infection in any
-- position, or COPD in the first (sensitivity 87.5 %).
-- Source: Rothnie 2016, Clin Epidemiol 8:771, Table 4; data/hospital_copd_concepts.csv.
SELECT
    episode_diagnoses.patient,
    episode_diagnoses.episode_id,
    bool_or(hospital_copd_concepts.sign = 'aecopd') AS aecopd,
    bool_or(hospital_copd_concepts.sign = 'lrti') AS lrti,
    bool_or(hospital_copd_concepts.sign = 'copd_first') AS copd_first
FROM episode_diagnoses
INNER JOIN diagnosis_lookup ON episode_diagnoses.diagnosis = diagnosis_lookup.diagnosis
INNER JOIN hospital_copd_concepts ON diagnosis_lookup.concept = hospital_copd_concepts.concept
WHERE episode_diagnoses.leading OR NOT hospital_copd_concepts.first_position_only
GROUP BY episode_diagnoses.patient, episode_diagnoses.episode_id
