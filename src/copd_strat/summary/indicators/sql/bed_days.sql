-- Nights of emergency COPD stays that lie in the month; a stay over the end of a month counts in both.
-- Source: docs/decisions.md §8.
SELECT
    people.patient_id,
    months.month AS day,
    date_diff(
        'day', greatest(stays.admission_date, months.month), least(stays.discharge_date, months.next_month)
    ) AS n
FROM summary_months AS months
INNER JOIN spell_sequence AS stays
    ON stays.admission_date < months.next_month AND stays.discharge_date > months.month
INNER JOIN people ON stays.patient = people.patient
WHERE stays.copd_related
