-- One row a person of the GDPPR journal, as the latest entry describes them: every journal row repeats its
-- person's attributes, and a person may appear under several practices (BHF Data Science Centre, GDPPR notes).
-- The practice of the latest entry is taken for the current one; GDPPR has no registrations, so their dates are
-- unknown. Death is known by year only: the date is that of the last entry in that year, or 1 January, until
-- the register of deaths gives a better one (project choice). Deprivation comes from the site's area table.
WITH attributes AS (
    SELECT
        NHS_NUMBER_DEID AS patient_id,
        PRACTICE AS practice_id,
        SEX AS sex,
        YEAR_OF_BIRTH AS birth_year,
        YEAR_MONTH_OF_BIRTH AS birth_month,
        ETHNIC AS ethnicity,
        LSOA AS area,
        YEAR_OF_DEATH AS death_year,
        max(coalesce(RECORD_DATE, DATE)) AS latest_entry,
        count(*) AS entries
    FROM nhse_gdppr
    GROUP BY NHS_NUMBER_DEID, PRACTICE, SEX, YEAR_OF_BIRTH, YEAR_MONTH_OF_BIRTH, ETHNIC, LSOA, YEAR_OF_DEATH
),

placed AS (
    SELECT
        *,
        last_value(ethnicity IGNORE NULLS) OVER earlier_first AS known_ethnicity,
        last_value(area IGNORE NULLS) OVER earlier_first AS known_area,
        max(death_year) OVER (PARTITION BY patient_id) AS known_death_year,
        max(latest_entry) OVER (PARTITION BY patient_id) AS last_seen,
        row_number() OVER (
            PARTITION BY patient_id
            ORDER BY latest_entry DESC, entries DESC, practice_id, sex, birth_year, birth_month, ethnicity, area
        ) AS place
    FROM attributes
    WINDOW earlier_first AS (
        PARTITION BY patient_id
        ORDER BY latest_entry, entries, practice_id DESC, ethnicity DESC, area DESC
        ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
    )
)

SELECT
    placed.patient_id,
    placed.practice_id,
    CASE
        WHEN placed.sex IN ('1', 'M') THEN 'male'
        WHEN placed.sex IN ('2', 'F') THEN 'female'
        WHEN placed.sex IN ('9', 'I') THEN 'indeterminate'
        ELSE 'unknown'
    END AS sex,
    placed.birth_year,
    TRY_CAST(right(placed.birth_month, 2) AS INTEGER) AS birth_month,
    placed.known_ethnicity AS ethnicity,
    areas.imd_decile,
    CAST(NULL AS DATE) AS registration_start,
    CAST(NULL AS DATE) AS registration_end,
    CASE
        WHEN placed.known_death_year IS NULL THEN NULL
        WHEN year(placed.last_seen) = placed.known_death_year THEN placed.last_seen
        ELSE make_date(CAST(placed.known_death_year AS INTEGER), 1, 1)
    END AS death_date
FROM placed
LEFT JOIN nhse_lsoa_deprivation AS areas ON placed.known_area = areas.LSOA
WHERE placed.place = 1
