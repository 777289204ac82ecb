-- HES Admitted Patient Care, one row an episode in the financial year of its end. Two habits of the source: an
-- episode that crosses 31 March also stands unfinished in the earlier year's file, and now and then (here one in
-- 300 stays of a single episode) the admission date is 1801-01-01, meaning unknown.
WITH numbered AS (
    SELECT
        *,
        '5000' || substr(episode_id, 3) AS EPIKEY,
        count(*) OVER (PARTITION BY patient_id, provider, admission_date) AS episodes,
        CAST(substr(episode_id, 3) AS INTEGER) % 300 = 0 AS chosen,
        year(episode_start) - CASE WHEN month(episode_start) < 4 THEN 1 ELSE 0 END AS start_year,
        year(coalesce(episode_end, episode_start))
        - CASE WHEN month(coalesce(episode_end, episode_start)) < 4 THEN 1 ELSE 0 END AS end_year
    FROM hospital_episodes
),

delivered AS (
    SELECT *, end_year AS financial_year, FALSE AS crossing FROM numbered
    UNION ALL
    SELECT *, start_year AS financial_year, TRUE AS crossing FROM numbered WHERE start_year < end_year
)

SELECT
    concat(
        lpad(CAST(financial_year % 100 AS VARCHAR), 2, '0'), lpad(CAST((financial_year + 1) % 100 AS VARCHAR), 2, '0')
    ) AS FYEAR,
    EPIKEY,
    patient_id AS PERSON_ID_DEID,
    CASE
        WHEN chosen AND episodes = 1 AND admission_source = '19' THEN DATE '1801-01-01' ELSE admission_date
    END AS ADMIDATE,
    CASE WHEN NOT crossing THEN discharge_date END AS DISDATE,
    episode_start AS EPISTART,
    CASE WHEN NOT crossing THEN episode_end END AS EPIEND,
    episode_order AS EPIORDER,
    CASE WHEN crossing THEN '1' ELSE episode_status END AS EPISTAT,
    '1' AS EPITYPE,
    admission_method AS ADMIMETH,
    admission_source AS ADMISORC,
    CASE WHEN crossing THEN '98' ELSE discharge_destination END AS DISDEST,
    CASE WHEN crossing THEN '8' ELSE discharge_method END AS DISMETH,
    patient_class AS CLASSPAT,
    provider AS PROCODE3,
    diagnosis_01 AS DIAG_4_01, diagnosis_02 AS DIAG_4_02, diagnosis_03 AS DIAG_4_03, diagnosis_04 AS DIAG_4_04,
    diagnosis_05 AS DIAG_4_05, diagnosis_06 AS DIAG_4_06, diagnosis_07 AS DIAG_4_07, diagnosis_08 AS DIAG_4_08,
    diagnosis_09 AS DIAG_4_09, diagnosis_10 AS DIAG_4_10, diagnosis_11 AS DIAG_4_11, diagnosis_12 AS DIAG_4_12,
    diagnosis_13 AS DIAG_4_13, diagnosis_14 AS DIAG_4_14, diagnosis_15 AS DIAG_4_15, diagnosis_16 AS DIAG_4_16,
    diagnosis_17 AS DIAG_4_17, diagnosis_18 AS DIAG_4_18, diagnosis_19 AS DIAG_4_19, diagnosis_20 AS DIAG_4_20
FROM delivered
ORDER BY FYEAR, EPIKEY, EPISTAT
