-- Episodes begun by the index, and entered by then where an entry date is kept. One that ended later was an
-- unfinished stay: its end, and how it ended, were not known.
-- Source: docs/decisions.md §1, §30 (status 1 is unfinished).
SELECT
    * REPLACE (
        CASE WHEN admission_date <= $index THEN admission_date END AS admission_date,
        CASE WHEN episode_end <= $index THEN episode_end END AS episode_end,
        CASE WHEN discharge_date <= $index THEN discharge_date END AS discharge_date,
        CASE WHEN coalesce(discharge_date > $index, FALSE) THEN NULL ELSE discharge_method END AS discharge_method,
        CASE WHEN coalesce(discharge_date > $index, FALSE) THEN NULL ELSE discharge_destination END
        AS discharge_destination,
        CASE
            WHEN coalesce(discharge_date > $index, FALSE) OR coalesce(episode_end > $index, FALSE) THEN '1'
            ELSE CAST(episode_status AS VARCHAR)
        END AS episode_status
    )
FROM whole_hospital_episodes
WHERE episode_start <= $index AND coalesce(recorded_date <= $index, TRUE)
