-- Concepts coded in hospital, dated by the start of the episode.
-- Source: docs/decisions.md §11: conditions count whether a GP or a hospital coded them.
SELECT DISTINCT
    episode_diagnoses.patient,
    episode_diagnoses.episode_start AS event_date,
    diagnosis_lookup.concept
FROM episode_diagnoses
INNER JOIN diagnosis_lookup ON episode_diagnoses.diagnosis = diagnosis_lookup.diagnosis
