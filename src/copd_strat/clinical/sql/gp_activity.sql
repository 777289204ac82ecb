-- When each register patient's GP record was last written to, and whether a busy record fell silent.
-- no_recent_data: nothing in the 15 months to the index (docs/decisions.md §10); or nothing in the last nine
-- months though every quarter of the year before held entries: the mark of a record that stopped flowing
-- (in GDPPR an opt-out ends the updates and leaves the history). The second rule is a project choice that
-- needs clinical sign-off.
WITH gp_days AS (
    SELECT patient_id, max(event_date) AS last_date
    FROM gp_events
    WHERE event_date <= $index
    GROUP BY patient_id
),

issue_days AS (
    SELECT patient_id, max(issue_date) AS last_date
    FROM prescriptions
    WHERE issue_date <= $index
    GROUP BY patient_id
),

latest AS (
    SELECT
        register.patient_id,
        people.extract_id,
        greatest(
            coalesce(gp_days.last_date, issue_days.last_date), coalesce(issue_days.last_date, gp_days.last_date)
        ) AS last_gp_event_date
    FROM register
    INNER JOIN people ON register.patient_id = people.patient_id
    LEFT JOIN gp_days ON people.extract_id = gp_days.patient_id
    LEFT JOIN issue_days ON people.extract_id = issue_days.patient_id
),

silent AS (
    SELECT extract_id AS patient_id
    FROM latest
    WHERE last_gp_event_date <= $index - INTERVAL 9 MONTH AND last_gp_event_date > $index - INTERVAL 15 MONTH
),

year_before AS (
    SELECT gp_events.patient_id, event_date AS day
    FROM gp_events
    SEMI JOIN silent ON gp_events.patient_id = silent.patient_id
    WHERE event_date > $index - INTERVAL 21 MONTH AND event_date <= $index
    UNION ALL
    SELECT prescriptions.patient_id, issue_date
    FROM prescriptions
    SEMI JOIN silent ON prescriptions.patient_id = silent.patient_id
    WHERE issue_date > $index - INTERVAL 21 MONTH AND issue_date <= $index
),

stopped AS (
    SELECT patient_id
    FROM year_before
    GROUP BY patient_id
    HAVING bool_or(day > $index - INTERVAL 12 MONTH)
        AND bool_or(day > $index - INTERVAL 15 MONTH AND day <= $index - INTERVAL 12 MONTH)
        AND bool_or(day > $index - INTERVAL 18 MONTH AND day <= $index - INTERVAL 15 MONTH)
        AND bool_or(day <= $index - INTERVAL 18 MONTH)
)

SELECT
    latest.patient_id,
    latest.last_gp_event_date,
    coalesce(latest.last_gp_event_date <= $index - INTERVAL 15 MONTH, TRUE)
    OR stopped.patient_id IS NOT NULL AS no_recent_data
FROM latest
LEFT JOIN stopped ON latest.extract_id = stopped.patient_id
