-- Hospital episodes of people who ever had COPD, cleaned; fault says why a row is not used (NULL: used).
-- Placeholder dates become unknown, an unknown admission date of a first episode is its start unless it came
-- by transfer, then rows without a start, ending before they start, or without a provider are left out.
-- Regular attenders are no admissions. Of rows that share an episode id the finished, latest one stays. What
-- lies after the run date is not known yet. Providers are compared as trusts.
-- Source: the order of the BHF Data Science Centre's HES APC curation; UKHSA epidm (regular attenders);
-- data/placeholder_dates.csv.
WITH placeholders AS (
    SELECT CAST(placeholder AS DATE) AS day FROM placeholder_dates
),

dated AS (
    SELECT
        people.patient,
        episode_id,
        provider_trusts.trust AS provider,
        CASE WHEN admission_date NOT IN (SELECT day FROM placeholders) THEN admission_date END AS admission_date,
        CASE WHEN episode_start NOT IN (SELECT day FROM placeholders) THEN episode_start END AS episode_start,
        CASE WHEN episode_end NOT IN (SELECT day FROM placeholders) AND episode_end <= $as_of THEN episode_end END
        AS episode_end,
        CASE WHEN discharge_date NOT IN (SELECT day FROM placeholders) AND discharge_date <= $as_of THEN discharge_date END
        AS discharge_date,
        coalesce(CAST(episode_order AS INTEGER), 1) AS episode_order,
        upper(trim(admission_method)) AS admission_method,
        upper(trim(admission_source)) AS admission_source,
        trim(discharge_destination) AS discharge_destination,
        trim(discharge_method) AS discharge_method,
        trim(patient_class) AS patient_class,
        coalesce(CAST(episode_status AS VARCHAR), '3') = '3'
        AND coalesce(discharge_date <= $as_of OR discharge_date IN (SELECT day FROM placeholders), TRUE) AS finished,
        recorded_date,
        diagnosis_01, diagnosis_02, diagnosis_03, diagnosis_04, diagnosis_05,
        diagnosis_06, diagnosis_07, diagnosis_08, diagnosis_09, diagnosis_10,
        diagnosis_11, diagnosis_12, diagnosis_13, diagnosis_14, diagnosis_15,
        diagnosis_16, diagnosis_17, diagnosis_18, diagnosis_19, diagnosis_20
    FROM hospital_episodes
    INNER JOIN people ON hospital_episodes.patient_id = people.patient_id
    LEFT JOIN provider_trusts ON hospital_episodes.provider = provider_trusts.written
    SEMI JOIN copd_spans ON people.patient = copd_spans.patient
),

judged AS (
    SELECT
        * EXCLUDE (admission_date),
        CASE
            WHEN admission_date IS NOT NULL THEN admission_date
            WHEN episode_order = 1
                AND coalesce(
                    admission_source NOT IN (SELECT code FROM codes WHERE concept = 'admisorc_transfer'), TRUE
                )
                AND coalesce(
                    admission_method NOT IN (SELECT code FROM codes WHERE concept = 'admimeth_transfer'), TRUE
                )
                THEN episode_start
        END AS admission_date,
        admission_date IS NULL AS repaired,
        CASE
            WHEN episode_start IS NULL THEN 'no usable start date'
            WHEN episode_start > $as_of THEN 'after the run date'
            WHEN episode_end < episode_start THEN 'ends before it starts'
            WHEN provider IS NULL THEN 'no provider'
            WHEN patient_class IN (SELECT code FROM codes WHERE concept = 'classpat_regular_attender')
                THEN 'regular attender'
        END AS fault
    FROM dated
),

ranked AS (
    SELECT
        *,
        row_number() OVER (
            PARTITION BY patient, episode_id
            ORDER BY
                (fault IS NULL) DESC, finished DESC,
                episode_end DESC NULLS LAST, discharge_date DESC NULLS LAST, recorded_date DESC NULLS LAST,
                episode_start NULLS LAST, admission_date NULLS LAST, provider NULLS LAST,
                episode_order NULLS LAST, admission_method NULLS LAST, admission_source NULLS LAST,
                discharge_destination NULLS LAST, discharge_method NULLS LAST, patient_class NULLS LAST,
                diagnosis_01 NULLS LAST, diagnosis_02 NULLS LAST, diagnosis_03 NULLS LAST,
                diagnosis_04 NULLS LAST, diagnosis_05 NULLS LAST, diagnosis_06 NULLS LAST,
                diagnosis_07 NULLS LAST, diagnosis_08 NULLS LAST, diagnosis_09 NULLS LAST,
                diagnosis_10 NULLS LAST, diagnosis_11 NULLS LAST, diagnosis_12 NULLS LAST,
                diagnosis_13 NULLS LAST, diagnosis_14 NULLS LAST, diagnosis_15 NULLS LAST,
                diagnosis_16 NULLS LAST, diagnosis_17 NULLS LAST, diagnosis_18 NULLS LAST,
                diagnosis_19 NULLS LAST, diagnosis_20 NULLS LAST
        ) AS copy
    FROM judged
)

SELECT
    * EXCLUDE (fault, copy),
    CASE WHEN fault IS NULL AND copy > 1 THEN 'repeated episode id' ELSE fault END AS fault
FROM ranked
