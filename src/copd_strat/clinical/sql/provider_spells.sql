-- One stay with one provider. Admission comes from its first episode, discharge from its last; it is finished
-- when a discharge is known, or every episode ended and the last one does not say that the patient stayed in.
-- A stay never ends before its last episode.
-- Source: BHF Data Science Centre's HES APC curation.
WITH stays AS (
    SELECT
        placed_episodes.patient,
        provider_spell,
        min_by(provider, place) AS provider,
        min(coalesce(admission_date, episode_start)) AS admission_date,
        max(discharge_date) AS discharge_date,
        max(episode_end) AS last_episode_end,
        min_by(admission_method, CASE WHEN admission_method IS NOT NULL THEN place END) AS admission_method,
        min_by(admission_source, CASE WHEN admission_source IS NOT NULL THEN place END) AS admission_source,
        max_by(coalesce(discharge_destination, ''), place) AS discharge_destination,
        max_by(coalesce(discharge_method, ''), place) AS discharge_method,
        min_by(transit, place) AS transit,
        bool_and(finished AND episode_end IS NOT NULL) AS all_ended,
        count(*) AS episodes,
        coalesce(bool_or(aecopd), FALSE) AS aecopd,
        coalesce(bool_or(lrti), FALSE) AS lrti,
        coalesce(bool_or(copd_first), FALSE) AS copd_first
    FROM placed_episodes
    LEFT JOIN episode_flags
        ON placed_episodes.patient = episode_flags.patient
        AND placed_episodes.episode_id = episode_flags.episode_id
    GROUP BY placed_episodes.patient, provider_spell
)

SELECT
    * EXCLUDE (discharge_date, last_episode_end, all_ended),
    CASE
        WHEN discharge_date >= admission_date
            THEN greatest(discharge_date, last_episode_end)  -- passes over NULL
        WHEN all_ended
            AND discharge_method NOT IN (SELECT code FROM codes WHERE concept = 'dismeth_not_discharged')
            AND discharge_destination NOT IN (SELECT code FROM codes WHERE concept = 'disdest_still_in')
            THEN last_episode_end
    END AS discharge_date
FROM stays
