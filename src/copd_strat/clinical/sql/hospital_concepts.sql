-- Concepts coded in hospital, dated by the start of the episode.
SELECT DISTINCT
    episode_diagnoses.patient,
    episode_diagnoses.episode_start AS event_date,
    diagnosis_lookup.concept
FROM episode_diagnoses
INNER JOIN diagnosis_lookup ON episode_diagnoses.diagnosis = diagnosis_lookup.diagnosis
