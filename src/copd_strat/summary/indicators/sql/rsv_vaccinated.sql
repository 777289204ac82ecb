-- An RSV vaccine on record by the quarter's last day.
-- People on that day, once a quarter.
-- Source: GOLD 2026; docs/summary.md.
SELECT people.patient_id, months.month AS day, 1 AS n
FROM summary_months AS months
INNER JOIN (
    SELECT patient, min(day) AS day FROM care_days WHERE concept = 'rsv_vaccine_given' GROUP BY patient
) AS vaccines ON vaccines.day < months.next_month
INNER JOIN people ON vaccines.patient = people.patient
WHERE month(months.month) % 3 = 0
