-- What is counted for the people of each month: events of the register, and what the last run of the
-- month said of each person (dispositions, places, entries), one row a person and indicator.
SELECT
    'register' AS cohort,
    events.month,
    events.patient_id,
    events.indicator,
    CAST(events.n AS BIGINT) AS n
FROM monthly_events AS events
INNER JOIN summary_due AS due ON due.month = events.month

UNION ALL

SELECT
    'placed' AS cohort,
    snapshot.month,
    snapshot.patient_id,
    'disposition_' || snapshot.disposition AS indicator,
    CAST(1 AS BIGINT) AS n
FROM summary_snapshots AS snapshot

UNION ALL

SELECT
    'placed' AS cohort,
    snapshot.month,
    snapshot.patient_id,
    'clinic_places' AS indicator,
    CAST(1 AS BIGINT) AS n
FROM summary_snapshots AS snapshot
WHERE snapshot.disposition = 'clinic' AND snapshot.place = 'clinic'

UNION ALL

SELECT
    'placed' AS cohort,
    snapshot.month,
    snapshot.patient_id,
    'clinic_entered' AS indicator,
    CAST(1 AS BIGINT) AS n
FROM summary_snapshots AS snapshot
INNER JOIN (SELECT DISTINCT month FROM summary_snapshots) AS earlier
    ON earlier.month = CAST(snapshot.month - INTERVAL 1 MONTH AS DATE)
LEFT JOIN summary_snapshots AS before
    ON before.month = CAST(snapshot.month - INTERVAL 1 MONTH AS DATE)
    AND before.patient_id = snapshot.patient_id
    AND before.practice_id = snapshot.practice_id
    AND before.disposition = 'clinic'
WHERE snapshot.disposition = 'clinic' AND before.patient_id IS NULL
