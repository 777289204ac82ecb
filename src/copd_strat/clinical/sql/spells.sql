-- Continuous inpatient spells: stays joined across providers when the next one starts within $gap days and
-- one side says "transfer" (discharge destination or admission source another hospital, admission method 2B
-- or 81). Nobody lies in two beds: a stay that begins before the latest end so far is part of the spell,
-- whatever the providers; one that begins on the very day needs the sign of a transfer.
-- A stay without an end that another stay follows ends where that one begins if it was a transfer or "still
-- in" (51, 98), else the day before (epidm proxy_episode_dates); it counts as unfinished.
-- An emergency spell is one whose first episode is an emergency admission; diagnoses of all episodes count.
-- Source: NHS Digital's method as in UKHSA epidm (cip_spells), 0 to 2 days; data/new_emergencies.csv;
-- docs/decisions.md §38 (overlaps).
WITH ordered AS (
    SELECT
        *,
        row_number() OVER (
            PARTITION BY patient
            ORDER BY admission_date, discharge_date NULLS LAST, transit, provider_spell
        ) AS place
    FROM provider_spells
),

ended AS (
    SELECT
        *,
        coalesce(
            discharge_date,
            CASE
                WHEN discharge_destination IN (SELECT code FROM codes WHERE concept = 'disdest_handed_on')
                    THEN lead(admission_date) OVER in_order
                -- greatest() passes over NULL: without a next stay the end stays unknown
                WHEN lead(admission_date) OVER in_order IS NOT NULL
                    THEN greatest(admission_date, lead(admission_date) OVER in_order - INTERVAL 1 DAY)
            END
        ) AS assumed_end
    FROM ordered
    WINDOW in_order AS (PARTITION BY patient ORDER BY place)
),

compared AS (
    SELECT
        *,
        date_diff(
            'day',
            max(CAST(assumed_end AS DATE)) OVER (
                PARTITION BY patient
                ORDER BY place
                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
            ),
            admission_date
        ) AS days_since_last_end,
        lag(discharge_destination) OVER in_order AS sent_to
    FROM ended
    WINDOW in_order AS (PARTITION BY patient ORDER BY place)
),

linked AS (
    SELECT
        compared.*,
        -- unknown where no sign of a transfer is known, which counts as FALSE below
        days_since_last_end < 0
        OR (
            days_since_last_end <= $gap
            AND (
                sent_to IN (SELECT code FROM codes WHERE concept = 'disdest_transfer')
                OR compared.admission_source IN (SELECT code FROM codes WHERE concept = 'admisorc_transfer')
                OR compared.admission_method IN (SELECT code FROM codes WHERE concept = 'admimeth_transfer')
            )
            -- sent home, then brought in by another hospital: a new emergency, not a transfer
            AND new_emergencies.source IS NULL
        ) AS continues
    FROM compared
    LEFT JOIN new_emergencies
        ON compared.sent_to = new_emergencies.discharge_destination
        AND compared.admission_source = new_emergencies.admission_source
        AND compared.admission_method = new_emergencies.admission_method
),

numbered AS (
    SELECT
        *,
        CAST(sum(CASE WHEN continues THEN 0 ELSE 1 END) OVER (
            PARTITION BY patient ORDER BY place ROWS UNBOUNDED PRECEDING
        ) AS BIGINT) AS spell_number
    FROM linked
),

grouped AS (
    SELECT
        patient,
        spell_number,
        min_by(provider, place) AS provider,
        min(admission_date) AS admission_date,
        max(CAST(assumed_end AS DATE)) AS discharge_date,
        max_by(discharge_date IS NOT NULL, place) AS finished,
        max_by(assumed_end IS NULL, place) AS still_in,
        coalesce(
            min_by(admission_method, CASE WHEN admission_method IS NOT NULL THEN place END) IN (SELECT code FROM codes WHERE concept = 'admimeth_emergency'),
            FALSE
        ) AS emergency,
        bool_or(aecopd) AS aecopd,
        bool_or(lrti) AS lrti,
        bool_or(copd_first) AS copd_first,
        count(DISTINCT provider) AS providers,
        CAST(sum(episodes) AS BIGINT) AS episodes,
        max_by(discharge_method, place) IN (SELECT code FROM codes WHERE concept = 'dismeth_died')
        OR max_by(discharge_destination, place) IN (SELECT code FROM codes WHERE concept = 'disdest_died')
        AS died
    FROM numbered
    GROUP BY patient, spell_number
)

SELECT
    * EXCLUDE (discharge_date, still_in),
    CASE WHEN NOT still_in THEN discharge_date END AS discharge_date,
    aecopd OR lrti OR copd_first AS copd_related,
    still_in AND admission_date > $as_of - INTERVAL 6 MONTH AS currently_admitted,
    CASE WHEN finished THEN date_diff('day', admission_date, discharge_date) END AS bed_days
FROM grouped
