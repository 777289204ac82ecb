-- The COPD register: one row a patient with unresolved COPD, aged 35 or over, alive and registered.
-- Age is whole years plus the days since
-- the last birthday over 365.25.
-- Source: docs/decisions.md §4, §5; Quint 2014, BMJ Open 4:e005540 (age).
WITH aged AS (
    SELECT
        *,
        year($index) - year(birth_date) - CASE
            WHEN month($index) * 100 + day($index) < month(birth_date) * 100 + day(birth_date) THEN 1
            ELSE 0
        END AS full_years
    FROM eligibility
    WHERE unresolved AND possible_age AND aged_35_or_over AND alive AND registered
)

SELECT
    patient,
    practice_id,
    registration_start,
    sex,
    birth_date,
    ethnicity,
    imd_quintile,
    copd_diagnosis_date,
    full_years + date_diff(
        'day',
        make_date(
            CAST(year(birth_date) + full_years AS INTEGER),
            CAST(month(birth_date) AS INTEGER),
            CAST(day(birth_date) AS INTEGER)
        ),
        $index
    ) / CAST(365.25 AS DOUBLE) AS age,
    registration_start > $index - INTERVAL 12 MONTH AS short_history
FROM aged
