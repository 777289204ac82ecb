-- Who was on the register at the end of each closed month, with the practice of that day, by the rules of the
-- nightly register: unresolved diagnosis, aged 35 or over, alive, registered; of several open registrations
-- the one that started last.
WITH months AS (
    SELECT CAST(month AS DATE) AS month, CAST(month + INTERVAL 1 MONTH - INTERVAL 1 DAY AS DATE) AS month_end
    FROM month_list
),

members AS (
    SELECT DISTINCT
        months.month,
        months.month_end,
        registrations.patient,
        registrations.practice_id,
        registrations.registration_start,
        registrations.sex,
        registrations.birth_date,
        registrations.imd_quintile,
        registrations.ethnicity
    FROM months
    INNER JOIN copd_spans
        ON months.month_end >= copd_spans.start_date
        AND (copd_spans.end_date IS NULL OR copd_spans.end_date > months.month_end)
    INNER JOIN registrations ON copd_spans.patient = registrations.patient
    WHERE (registrations.registration_start IS NULL OR registrations.registration_start <= months.month_end)
        AND (registrations.registration_end IS NULL OR registrations.registration_end > months.month_end)
        AND (registrations.death_date IS NULL OR registrations.death_date > months.month_end)
        AND registrations.birth_date + INTERVAL 35 YEAR <= months.month_end
),

ranked AS (
    SELECT
        *,
        row_number() OVER (
            PARTITION BY month, patient
            ORDER BY
                coalesce(registration_start, DATE '1900-01-01') DESC,
                practice_id, birth_date, sex, ethnicity, imd_quintile
        ) AS place
    FROM members
)

SELECT
    month,
    people.patient_id,
    practice_id,
    sex,
    CASE
        WHEN birth_date + INTERVAL 80 YEAR <= month_end THEN '80+'
        WHEN birth_date + INTERVAL 70 YEAR <= month_end THEN '70-79'
        WHEN birth_date + INTERVAL 60 YEAR <= month_end THEN '60-69'
        WHEN birth_date + INTERVAL 50 YEAR <= month_end THEN '50-59'
        ELSE '35-49'
    END AS age_band,
    imd_quintile,
    CASE
        WHEN lower(ethnicity) IN ('white', 'mixed', 'asian', 'black', 'other') THEN lower(ethnicity)
        WHEN upper(ethnicity) IN ('A', 'B', 'C') THEN 'white'
        WHEN upper(ethnicity) IN ('D', 'E', 'F', 'G') THEN 'mixed'
        WHEN upper(ethnicity) IN ('H', 'J', 'K', 'L') THEN 'asian'
        WHEN upper(ethnicity) IN ('M', 'N', 'P') THEN 'black'
        WHEN upper(ethnicity) IN ('R', 'S') THEN 'other'
        ELSE 'not_stated'
    END AS ethnicity_group
FROM ranked
INNER JOIN people ON ranked.patient = people.patient
WHERE place = 1
