-- When each register patient's GP record was last written to, and whether a busy record fell silent.
-- no_recent_data: nothing in the 15 months to the index; or nothing in the last nine months though every
-- quarter of the year before held entries: the mark of a record that stopped flowing (in GDPPR an opt-out ends
-- the updates and leaves the history).
-- Most records have entries of the last 21 months, all that the rules need; only the others' older entries are
-- looked up, for the date of the last one.
-- Source: docs/decisions.md §10; the second rule is a project choice that needs clinical sign-off.
WITH days_before AS (
    SELECT
        CAST($index - INTERVAL 12 MONTH AS DATE) AS year_ago,
        CAST($index - INTERVAL 15 MONTH AS DATE) AS months_ago_15,
        CAST($index - INTERVAL 18 MONTH AS DATE) AS months_ago_18
),

recent AS (
    SELECT
        patient_id,
        max(day) AS last_date,
        -- an entry in every quarter of the year before the nine silent months
        bool_or(day > year_ago)
        AND bool_or(day > months_ago_15 AND day <= year_ago)
        AND bool_or(day > months_ago_18 AND day <= months_ago_15)
        AND bool_or(day <= months_ago_18) AS busy
    FROM (
        SELECT patient_id, event_date AS day
        FROM gp_events
        WHERE event_date > $index - INTERVAL 21 MONTH AND event_date <= $index
        UNION ALL
        SELECT patient_id, issue_date
        FROM prescriptions
        WHERE issue_date > $index - INTERVAL 21 MONTH AND issue_date <= $index
    ) AS entries
    CROSS JOIN days_before
    GROUP BY patient_id
),

registered AS (
    SELECT register.patient, people.patient_id
    FROM register
    INNER JOIN people ON register.patient = people.patient
),

quiet AS (
    SELECT registered.patient_id
    FROM registered
    ANTI JOIN recent ON registered.patient_id = recent.patient_id
),

older AS (
    SELECT patient_id, max(day) AS last_date
    FROM (
        SELECT gp_events.patient_id, event_date AS day
        FROM gp_events
        SEMI JOIN quiet ON gp_events.patient_id = quiet.patient_id
        WHERE event_date <= $index - INTERVAL 21 MONTH
        UNION ALL
        SELECT prescriptions.patient_id, issue_date
        FROM prescriptions
        SEMI JOIN quiet ON prescriptions.patient_id = quiet.patient_id
        WHERE issue_date <= $index - INTERVAL 21 MONTH
    ) AS entries
    GROUP BY patient_id
)

SELECT
    registered.patient,
    coalesce(recent.last_date, older.last_date) AS last_gp_event_date,
    coalesce(
        recent.last_date <= $index - INTERVAL 15 MONTH OR (recent.last_date <= $index - INTERVAL 9 MONTH AND busy),
        TRUE
    ) AS no_recent_data
FROM registered
LEFT JOIN recent ON registered.patient_id = recent.patient_id
LEFT JOIN older ON registered.patient_id = older.patient_id
