-- Episodes of the HES data that CPRD links, with their diagnoses side by side. CPRD sends no provider: the number of
-- the spell stands in, so that the episodes of one spell belong together as HES has it. An episode without a status
-- is finished, as CPRD sends no others. The primary diagnosis of a spell stands in where its first episode has none.
WITH diagnoses AS (
    SELECT
        patid,
        spno,
        epikey,
        max(CASE WHEN d_order = 1 THEN ICD END) AS diagnosis_01,
        max(CASE WHEN d_order = 2 THEN ICD END) AS diagnosis_02,
        max(CASE WHEN d_order = 3 THEN ICD END) AS diagnosis_03,
        max(CASE WHEN d_order = 4 THEN ICD END) AS diagnosis_04,
        max(CASE WHEN d_order = 5 THEN ICD END) AS diagnosis_05,
        max(CASE WHEN d_order = 6 THEN ICD END) AS diagnosis_06,
        max(CASE WHEN d_order = 7 THEN ICD END) AS diagnosis_07,
        max(CASE WHEN d_order = 8 THEN ICD END) AS diagnosis_08,
        max(CASE WHEN d_order = 9 THEN ICD END) AS diagnosis_09,
        max(CASE WHEN d_order = 10 THEN ICD END) AS diagnosis_10,
        max(CASE WHEN d_order = 11 THEN ICD END) AS diagnosis_11,
        max(CASE WHEN d_order = 12 THEN ICD END) AS diagnosis_12,
        max(CASE WHEN d_order = 13 THEN ICD END) AS diagnosis_13,
        max(CASE WHEN d_order = 14 THEN ICD END) AS diagnosis_14,
        max(CASE WHEN d_order = 15 THEN ICD END) AS diagnosis_15,
        max(CASE WHEN d_order = 16 THEN ICD END) AS diagnosis_16,
        max(CASE WHEN d_order = 17 THEN ICD END) AS diagnosis_17,
        max(CASE WHEN d_order = 18 THEN ICD END) AS diagnosis_18,
        max(CASE WHEN d_order = 19 THEN ICD END) AS diagnosis_19,
        max(CASE WHEN d_order = 20 THEN ICD END) AS diagnosis_20
    FROM cprd_aurum_hes_diagnosis_epi
    GROUP BY patid, spno, epikey
),

primaries AS (
    SELECT patid, spno, min(ICD_PRIMARY) AS diagnosis
    FROM cprd_aurum_hes_primary_diag_hosp
    GROUP BY patid, spno
),

episodes AS (
    SELECT
        *,
        row_number() OVER (PARTITION BY patid, spno ORDER BY eorder NULLS LAST, epistart, epikey) AS place
    FROM cprd_aurum_hes_episodes
)

SELECT
    episodes.patid AS patient_id,
    episodes.epikey AS episode_id,
    episodes.spno AS provider,
    episodes.admidate AS admission_date,
    episodes.epistart AS episode_start,
    episodes.epiend AS episode_end,
    episodes.admimeth AS admission_method,
    episodes.discharged AS discharge_date,
    episodes.eorder AS episode_order,
    episodes.admisorc AS admission_source,
    episodes.disdest AS discharge_destination,
    episodes.dismeth AS discharge_method,
    episodes.classpat AS patient_class,
    coalesce(episodes.epistat, '3') AS episode_status,
    CAST(NULL AS DATE) AS recorded_date,
    coalesce(diagnoses.diagnosis_01, primaries.diagnosis) AS diagnosis_01,
    diagnoses.diagnosis_02,
    diagnoses.diagnosis_03,
    diagnoses.diagnosis_04,
    diagnoses.diagnosis_05,
    diagnoses.diagnosis_06,
    diagnoses.diagnosis_07,
    diagnoses.diagnosis_08,
    diagnoses.diagnosis_09,
    diagnoses.diagnosis_10,
    diagnoses.diagnosis_11,
    diagnoses.diagnosis_12,
    diagnoses.diagnosis_13,
    diagnoses.diagnosis_14,
    diagnoses.diagnosis_15,
    diagnoses.diagnosis_16,
    diagnoses.diagnosis_17,
    diagnoses.diagnosis_18,
    diagnoses.diagnosis_19,
    diagnoses.diagnosis_20
FROM episodes
LEFT JOIN primaries
    ON episodes.patid = primaries.patid
    AND episodes.spno = primaries.spno
    AND episodes.place = 1
LEFT JOIN diagnoses
    ON episodes.patid = diagnoses.patid
    AND episodes.spno = diagnoses.spno
    AND episodes.epikey = diagnoses.epikey
