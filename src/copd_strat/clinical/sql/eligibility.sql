-- One row a person of the extract: each condition of the register by itself.
-- Diagnosis and age are judged at the index, death and registration at the run date. The current registration
-- is the one open on the run date; of several the one that started last.
-- Source: docs/decisions.md §3, §5, §37.
WITH ranked AS (
    SELECT
        registrations.*,
        coalesce(registration_start <= $as_of, TRUE)
        AND coalesce(registration_end > $as_of, TRUE) AS registered,
        row_number() OVER (
            PARTITION BY patient
            ORDER BY
                coalesce(registration_start <= $as_of, TRUE)
                AND coalesce(registration_end > $as_of, TRUE) DESC,
                coalesce(registration_start, DATE '1900-01-01') DESC,
                practice_id, birth_date NULLS LAST, sex, ethnicity NULLS LAST, imd_quintile NULLS LAST,
                registration_end NULLS LAST
        ) AS place
    FROM registrations
),

diagnosed AS (
    SELECT
        patient,
        max(CASE WHEN end_date IS NULL OR end_date > $index THEN start_date END) AS copd_diagnosis_date
    FROM copd_spans
    WHERE start_date <= $index
    GROUP BY patient
)

SELECT
    ranked.patient,
    ranked.practice_id,
    ranked.registration_start,
    ranked.registration_end,
    ranked.death_date,
    ranked.sex,
    ranked.birth_date,
    ranked.ethnicity,
    ranked.imd_quintile,
    diagnosed.copd_diagnosis_date,
    diagnosed.patient IS NOT NULL AS ever_diagnosed,
    diagnosed.copd_diagnosis_date IS NOT NULL AS unresolved,
    -- nobody is older than 115 (docs/decisions.md §37); a person with an impossible year is set aside
    coalesce(ranked.birth_date + INTERVAL 115 YEAR >= $index, FALSE) AS possible_age,
    coalesce(ranked.birth_date + INTERVAL 35 YEAR <= $index, FALSE) AS aged_35_or_over,
    coalesce(ranked.death_date > $as_of, TRUE) AND NOT ranked.died_undated AS alive,
    ranked.registered
FROM ranked
LEFT JOIN diagnosed ON ranked.patient = diagnosed.patient
WHERE ranked.place = 1
