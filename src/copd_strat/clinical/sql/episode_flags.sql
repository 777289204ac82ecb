-- What each hospital episode says about COPD: an acute exacerbation or a lower respiratory infection in any
-- position, or COPD in the first (Rothnie 2016, Clin Epidemiol 8:771, Table 4: sensitivity 87.5 %).
SELECT
    episode_diagnoses.patient,
    episode_diagnoses.episode_id,
    bool_or(diagnosis_lookup.concept = 'aecopd_event') AS aecopd,
    bool_or(diagnosis_lookup.concept = 'lrti') AS lrti,
    bool_or(diagnosis_lookup.concept = 'copd_dx' AND episode_diagnoses.leading) AS copd_first
FROM episode_diagnoses
INNER JOIN diagnosis_lookup ON episode_diagnoses.diagnosis = diagnosis_lookup.diagnosis
WHERE diagnosis_lookup.concept IN ('aecopd_event', 'lrti', 'copd_dx')
GROUP BY episode_diagnoses.patient, episode_diagnoses.episode_id
