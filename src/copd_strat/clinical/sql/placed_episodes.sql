-- Episodes in order of time, with the number of their provider spell.
-- Where dates tie, the sending episode of a transfer stands before the receiving one (transit: 0 none, 1 out,
-- 2 in and out, 3 in). An episode belongs to the spell of the one before if the provider is the same and
-- either the admission date or the start is the same, or the one before ended without discharge on the day
-- this one starts.
-- Source: BHF Data Science Centre's HES APC curation (the third test as meant there: their script never
-- reaches it).
WITH directed AS (
    SELECT
        * EXCLUDE (sent_on, received),
        CASE
            WHEN sent_on AND received THEN 2
            WHEN sent_on THEN 1
            WHEN received THEN 3
            ELSE 0
        END AS transit
    FROM (
        SELECT
            patient, episode_id, provider, admission_date, discharge_date, episode_start, episode_end,
            episode_order, admission_method, admission_source, discharge_destination, discharge_method,
            finished,
            discharge_destination IN (SELECT code FROM codes WHERE concept = 'disdest_transfer') AS sent_on,
            admission_source IN (SELECT code FROM codes WHERE concept = 'admisorc_transfer')
            OR admission_method IN (SELECT code FROM codes WHERE concept = 'admimeth_transfer') AS received
        FROM hospital_rows
        WHERE fault IS NULL
    ) AS used
),

placed AS (
    SELECT
        *,
        row_number() OVER (
            PARTITION BY patient
            ORDER BY
                episode_start, episode_end NULLS LAST, episode_order, transit, episode_id
        ) AS place
    FROM directed
),

compared AS (
    SELECT
        *,
        -- unknown where nothing is known to join the two, which counts as FALSE below
        provider = lag(provider) OVER in_order
        AND (
            admission_date = lag(admission_date) OVER in_order
            OR episode_start = lag(episode_start) OVER in_order
            OR (
                lag(discharge_method) OVER in_order
                IN (SELECT code FROM codes WHERE concept = 'dismeth_not_discharged')
                AND episode_start = lag(episode_end) OVER in_order
            )
        ) AS continues
    FROM placed
    WINDOW in_order AS (PARTITION BY patient ORDER BY place)
)

SELECT
    *,
    CAST(sum(CASE WHEN continues THEN 0 ELSE 1 END) OVER (
        PARTITION BY patient ORDER BY place ROWS UNBOUNDED PRECEDING
    ) AS BIGINT) AS provider_spell
FROM compared
