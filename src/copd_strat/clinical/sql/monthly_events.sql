-- Events of closed months, one row a month, patient and indicator with at least one.
-- Bed days are nights of emergency COPD stays that lie in the month.
-- Source: docs/decisions.md §7, §23.
WITH months AS (
    SELECT CAST(month AS DATE) AS month, CAST(month + INTERVAL 1 MONTH AS DATE) AS next_month
    FROM month_list
),

dated AS (
    SELECT patient, start_date AS day, concat(severity, '_exacerbations') AS indicator, 1 AS n
    FROM counted_exacerbations
    WHERE counting = 'all'
    UNION ALL
    SELECT patient, admission_date, 'copd_emergency_admissions', 1 FROM spell_sequence WHERE copd_related
    UNION ALL
    SELECT patient, admission_date, 'readmissions_30d', 1
    FROM spell_sequence
    WHERE days_since_copd_discharge BETWEEN 0 AND 30
    UNION ALL
    SELECT patient, admission_date, 'readmissions_90d', 1
    FROM spell_sequence
    WHERE days_since_copd_discharge BETWEEN 0 AND 90
    UNION ALL
    SELECT patient, arrival_date, 'ed_attendances', 1 FROM ed_visits
    UNION ALL
    SELECT patient, event_date, 'copd_reviews', 1 FROM copd_reviews
),

counted AS (
    SELECT months.month, dated.patient, dated.indicator, dated.n
    FROM months
    INNER JOIN dated ON dated.day >= months.month AND dated.day < months.next_month
    UNION ALL
    SELECT
        months.month,
        stays.patient,
        'bed_days',
        date_diff(
            'day', greatest(stays.admission_date, months.month), least(stays.discharge_date, months.next_month)
        )
    FROM months
    INNER JOIN spell_sequence AS stays
        ON stays.admission_date < months.next_month AND stays.discharge_date > months.month
    WHERE stays.copd_related
)

SELECT counted.month, people.patient_id, counted.indicator, CAST(sum(counted.n) AS BIGINT) AS n
FROM counted
INNER JOIN people ON counted.patient = people.patient
GROUP BY counted.month, people.patient_id, counted.indicator
