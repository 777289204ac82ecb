-- Who was on the register at the end of one closed month, with the practice of that day, by the rules of the
-- nightly register: unresolved diagnosis, aged 35 or over, alive, registered; of several open registrations
-- the one that started last.
-- Source: docs/decisions.md §5; data/age_bands.csv, data/ethnicity_groups.csv.
WITH members AS (
    SELECT DISTINCT
        registrations.patient,
        registrations.practice_id,
        registrations.registration_start,
        registrations.sex,
        registrations.birth_date,
        registrations.imd_quintile,
        registrations.ethnicity
    FROM copd_spans
    INNER JOIN registrations ON copd_spans.patient = registrations.patient
    WHERE copd_spans.start_date <= $month_end
        AND (copd_spans.end_date IS NULL OR copd_spans.end_date > $month_end)
        AND (registrations.registration_start IS NULL OR registrations.registration_start <= $month_end)
        AND (registrations.registration_end IS NULL OR registrations.registration_end > $month_end)
        AND (registrations.death_date IS NULL OR registrations.death_date > $month_end)
        -- dead since nobody knows when: in no month, since the last ones would count the dead as ill
        AND NOT registrations.died_undated
        AND registrations.birth_date + INTERVAL 35 YEAR <= $month_end
        AND registrations.birth_date + INTERVAL 115 YEAR >= $month_end
),

ranked AS (
    SELECT
        *,
        row_number() OVER (
            PARTITION BY patient
            ORDER BY
                coalesce(registration_start, DATE '1900-01-01') DESC,
                practice_id, birth_date, sex, ethnicity NULLS LAST, imd_quintile NULLS LAST
        ) AS place
    FROM members
)

SELECT
    CAST($month AS DATE) AS month,
    people.patient_id,
    practice_id,
    sex,
    age_bands.age_band,
    imd_quintile,
    coalesce(ethnicity_groups.ethnicity_group, 'not_stated') AS ethnicity_group
FROM ranked
INNER JOIN people ON ranked.patient = people.patient
INNER JOIN age_bands
    ON ranked.birth_date + age_bands.at_least * INTERVAL 1 YEAR <= $month_end
    AND (age_bands.below IS NULL OR ranked.birth_date + age_bands.below * INTERVAL 1 YEAR > $month_end)
LEFT JOIN ethnicity_groups ON lower(ranked.ethnicity) = ethnicity_groups.ethnicity
WHERE place = 1
