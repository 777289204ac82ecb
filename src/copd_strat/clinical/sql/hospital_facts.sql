-- Hospital use of register patients. Bed days: nights of emergency COPD stays that lie in the 12 months to the
-- index. Unfinished spells are status only.
-- Source: docs/decisions.md §7, §30.
WITH admissions AS (
    SELECT
        patient,
        count(CASE WHEN copd_related THEN 1 END) AS emergency_copd_admissions_12m,
        count(*) AS emergency_admissions_12m,
        count(CASE WHEN days_since_copd_discharge BETWEEN 0 AND 30 THEN 1 END) AS readmissions_30d_12m,
        count(CASE WHEN days_since_copd_discharge BETWEEN 0 AND 90 THEN 1 END) AS readmissions_90d_12m
    FROM spell_sequence
    WHERE admission_date > $index - INTERVAL 12 MONTH AND admission_date <= $index
    GROUP BY patient
),

beds AS (
    SELECT
        patient,
        CAST(sum(
            date_diff(
                'day',
                greatest(admission_date, CAST($index - INTERVAL 12 MONTH AS DATE)),
                least(discharge_date, $index)
            )
        ) AS BIGINT) AS bed_days_12m
    FROM spell_sequence
    WHERE copd_related AND discharge_date > $index - INTERVAL 12 MONTH AND admission_date <= $index
    GROUP BY patient
),

status AS (
    SELECT
        patient,
        bool_or(currently_admitted) AS currently_admitted,
        max(CASE WHEN finished THEN discharge_date END) AS last_discharge_date
    FROM spells
    GROUP BY patient
),

attendances AS (
    SELECT patient, count(*) AS ed_attendances_12m
    FROM ed_visits
    WHERE arrival_date > $index - INTERVAL 12 MONTH AND arrival_date <= $index
    GROUP BY patient
)

SELECT
    register.patient,
    emergency_copd_admissions_12m,
    emergency_admissions_12m,
    readmissions_30d_12m,
    readmissions_90d_12m,
    bed_days_12m,
    currently_admitted,
    last_discharge_date,
    ed_attendances_12m
FROM register
LEFT JOIN admissions ON register.patient = admissions.patient
LEFT JOIN beds ON register.patient = beds.patient
LEFT JOIN status ON register.patient = status.patient
LEFT JOIN attendances ON register.patient = attendances.patient
