-- A COPD review in the 12 months up to the quarter's last day.
-- People on that day, once a quarter.
-- Source: QOF annual COPD review; docs/summary.md.
SELECT DISTINCT people.patient_id, months.month AS day, 1 AS n
FROM summary_months AS months
INNER JOIN copd_reviews
    ON copd_reviews.event_date < months.next_month
    AND copd_reviews.event_date >= CAST(months.next_month - INTERVAL 12 MONTH AS DATE)
INNER JOIN people ON copd_reviews.patient = people.patient
WHERE month(months.month) % 3 = 0
