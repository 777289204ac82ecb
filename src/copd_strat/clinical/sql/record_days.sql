-- When the GP record of everybody who ever had COPD was last written to, up to the index.
-- busy_before: entries in every quarter of the year before the last nine months.
-- Most records have entries of the last 21 months, all that the rules need; only the others' older entries are
-- looked up, for the date of the last one.
-- Source: canonical tables gp_events and prescriptions; docs/decisions.md §10.
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

diagnosed AS (
    SELECT people.patient, people.patient_id
    FROM people
    SEMI JOIN copd_spans ON people.patient = copd_spans.patient
),

quiet AS (
    SELECT diagnosed.patient_id
    FROM diagnosed
    ANTI JOIN recent ON diagnosed.patient_id = recent.patient_id
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
    diagnosed.patient,
    coalesce(recent.last_date, older.last_date) AS last_date,
    coalesce(recent.busy, FALSE) AS busy_before
FROM diagnosed
LEFT JOIN recent ON diagnosed.patient_id = recent.patient_id
LEFT JOIN older ON diagnosed.patient_id = older.patient_id
