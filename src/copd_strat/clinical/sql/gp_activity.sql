-- When each register patient's GP record was last written to, and whether a busy record fell silent.
-- no_recent_data: nothing in the 15 months to the index; or nothing in the last nine months though every
-- quarter of the year before held entries: the mark of a record that stopped flowing (in GDPPR an opt-out ends
-- the updates and leaves the history).
-- Source: docs/decisions.md §10; the second rule is a project choice that needs clinical sign-off.
SELECT
    register.patient,
    record_days.last_date AS last_gp_event_date,
    coalesce(
        record_days.last_date <= $index - INTERVAL 15 MONTH
        OR (record_days.last_date <= $index - INTERVAL 9 MONTH AND record_days.busy_before),
        TRUE
    ) AS no_recent_data
FROM register
LEFT JOIN record_days ON register.patient = record_days.patient
