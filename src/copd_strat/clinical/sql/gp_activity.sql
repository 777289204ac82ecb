-- When each register patient's GP record was last written to, and whether a busy record fell silent.
-- no_recent_data: nothing in the 15 months to the index (docs/decisions.md §10); or nothing in the last nine
-- months though every quarter of the year before held entries: the mark of a record that stopped flowing
-- (in GDPPR an opt-out ends the updates and leaves the history). The second rule is a project choice that
-- needs clinical sign-off.
WITH activity AS (
    SELECT patient_id, event_date FROM gp_events WHERE event_date <= $index
    UNION ALL
    SELECT patient_id, issue_date FROM prescriptions WHERE issue_date <= $index
),

summed AS (
    SELECT
        activity.patient_id,
        max(activity.event_date) AS last_gp_event_date,
        bool_or(event_date > $index - INTERVAL 12 MONTH AND event_date <= $index - INTERVAL 9 MONTH)
        AND bool_or(event_date > $index - INTERVAL 15 MONTH AND event_date <= $index - INTERVAL 12 MONTH)
        AND bool_or(event_date > $index - INTERVAL 18 MONTH AND event_date <= $index - INTERVAL 15 MONTH)
        AND bool_or(event_date > $index - INTERVAL 21 MONTH AND event_date <= $index - INTERVAL 18 MONTH)
        AS was_busy
    FROM activity
    SEMI JOIN register ON activity.patient_id = register.patient_id
    GROUP BY activity.patient_id
)

SELECT
    register.patient_id,
    summed.last_gp_event_date,
    summed.patient_id IS NULL
    OR summed.last_gp_event_date <= $index - INTERVAL 15 MONTH
    OR (summed.was_busy AND summed.last_gp_event_date <= $index - INTERVAL 9 MONTH) AS no_recent_data
FROM register
LEFT JOIN summed ON register.patient_id = summed.patient_id
