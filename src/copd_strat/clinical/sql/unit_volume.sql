-- Records of the two years before $complete_to by practice (coded GP entries, at the person's open registration)
-- and by trust (hospital stays), a week each, to see which of them has fallen silent. A week is named by its last
-- day; the last one ends on $complete_to and takes in what came later.
-- Source: docs/decisions.md §43.
WITH practices AS (
    SELECT patient, practice_id
    FROM (
        SELECT
            patient,
            practice_id,
            row_number() OVER (
                PARTITION BY patient
                ORDER BY coalesce(registration_start, DATE '1900-01-01') DESC, practice_id
            ) AS place
        FROM registrations
        WHERE coalesce(registration_end > $as_of, TRUE)
    ) AS open_ones
    WHERE place = 1
),

stays AS (
    SELECT
        provider_trusts.trust,
        coalesce(discharge_date, episode_end, admission_date) AS day
    FROM hospital_episodes
    INNER JOIN provider_trusts ON hospital_episodes.provider = provider_trusts.written
),

records AS (
    SELECT practices.practice_id AS unit, gp_concepts.event_date AS day
    FROM gp_concepts
    INNER JOIN practices ON gp_concepts.patient = practices.patient
    WHERE $source = 'gp_events'
    UNION ALL
    SELECT trust, day FROM stays WHERE $source = 'hospital_episodes'
),

weeks AS (
    SELECT unit, CAST(floor(greatest(date_diff('day', day, $complete_to), 0) / 7) AS INTEGER) AS weeks_back
    FROM records
    WHERE unit IS NOT NULL AND day > $complete_to - INTERVAL 24 MONTH AND day <= $as_of
)

SELECT unit, CAST($complete_to - weeks_back * INTERVAL 7 DAY AS DATE) AS week_end, count(*) AS records
FROM weeks
GROUP BY unit, weeks_back
