-- What a month's figures must come to, counted over everybody at once: people on the register at its end, and the events
-- of these people by indicator. The summary counts by practice and network and adds up; this is the second count of
-- GATE23.
-- Source: docs/summary.md.
SELECT month, 'copd_register' AS indicator, count(DISTINCT patient_id) AS n
FROM monthly_register
GROUP BY month

UNION ALL

SELECT monthly_events.month, monthly_events.indicator, CAST(sum(monthly_events.n) AS BIGINT) AS n
FROM monthly_events
SEMI JOIN monthly_register
    ON monthly_events.month = monthly_register.month AND monthly_events.patient_id = monthly_register.patient_id
GROUP BY monthly_events.month, monthly_events.indicator
