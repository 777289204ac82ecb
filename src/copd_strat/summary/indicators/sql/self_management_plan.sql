-- A self-management plan in the 12 months up to the quarter's last day.
-- People on that day, once a quarter.
-- Source: NICE NG115; docs/summary.md.
SELECT DISTINCT people.patient_id, months.month AS day, 1 AS n
FROM summary_months AS months
INNER JOIN care_days
    ON care_days.day < months.next_month
    AND care_days.day >= CAST(months.next_month - INTERVAL 12 MONTH AS DATE)
INNER JOIN people ON care_days.patient = people.patient
WHERE month(months.month) % 3 = 0 AND care_days.concept = 'self_mgmt_plan'
