-- Records of each practice's registered patients in the latest windows of some weeks, by table: window 0 is the
-- latest, window_number is NULL for a practice without any (docs/run-guard.md).
-- Only these windows are read, and only their patients joined: the rest of the history costs nothing here.
WITH recent AS (
    SELECT 'gp_events' AS table_name, patient_id, date_diff('day', event_date, $day) AS age_days
    FROM gp_events
    WHERE event_date <= $day AND event_date > $start
    UNION ALL
    SELECT 'prescriptions' AS table_name, patient_id, date_diff('day', issue_date, $day) AS age_days
    FROM prescriptions
    WHERE issue_date <= $day AND issue_date > $start
),

by_patient AS (
    SELECT
        table_name,
        patient_id,
        CAST(floor(age_days / $window_days) AS INTEGER) AS window_number,
        count(*) AS records
    FROM recent
    GROUP BY table_name, patient_id, CAST(floor(age_days / $window_days) AS INTEGER)
)

SELECT
    guard_registered.practice_id,
    by_patient.table_name,
    by_patient.window_number,
    CAST(coalesce(sum(by_patient.records), 0) AS BIGINT) AS records
FROM guard_registered
LEFT JOIN by_patient ON guard_registered.patient_id = by_patient.patient_id
GROUP BY guard_registered.practice_id, by_patient.table_name, by_patient.window_number
