-- One row a person, last month of a quarter and kind of care on record by its last day: ``day`` is the month's first,
-- ``recent`` says whether the last time lies in the 12 months up to the quarter's end.
SELECT
    people.patient_id,
    months.month AS day,
    care.concept,
    max(care.day) >= CAST(months.next_month - INTERVAL 12 MONTH AS DATE) AS recent
FROM summary_months AS months
INNER JOIN care_days AS care ON care.day < months.next_month
INNER JOIN people ON care.patient = people.patient
WHERE month(months.month) % 3 = 0
GROUP BY people.patient_id, months.month, months.next_month, care.concept
