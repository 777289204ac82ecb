-- Inpatient visits as stays of one episode, with the ICD-10 codes recorded in them, primary diagnoses (32902,
-- 32903) first. OMOP has lost the method of admission. A visit that came through the emergency department
-- (262), or that starts on the day an emergency visit of the person (9203) ends or the day after, is read as an
-- emergency, method 21; of the others the method is not known, and they do not count as emergencies (project
-- choice; concept numbers of visits [unconfirmed]). A stay without an end is not finished.
WITH placed AS (
    SELECT
        recorded.visit_occurrence_id,
        source.concept_code AS code,
        row_number() OVER (
            PARTITION BY recorded.visit_occurrence_id
            ORDER BY
                CASE WHEN recorded.condition_status_concept_id IN (32902, 32903) THEN 0 ELSE 1 END,
                recorded.condition_start_date, source.concept_code
        ) AS place
    FROM omop_condition_occurrence AS recorded
    INNER JOIN omop_concept AS source
        ON recorded.condition_source_concept_id = source.concept_id
        AND source.vocabulary_id IN ('ICD10', 'ICD10CM')
    WHERE recorded.visit_occurrence_id IS NOT NULL
),

diagnoses AS (
    SELECT
        visit_occurrence_id,
        max(CASE WHEN place = 1 THEN code END) AS diagnosis_01,
        max(CASE WHEN place = 2 THEN code END) AS diagnosis_02,
        max(CASE WHEN place = 3 THEN code END) AS diagnosis_03,
        max(CASE WHEN place = 4 THEN code END) AS diagnosis_04,
        max(CASE WHEN place = 5 THEN code END) AS diagnosis_05,
        max(CASE WHEN place = 6 THEN code END) AS diagnosis_06,
        max(CASE WHEN place = 7 THEN code END) AS diagnosis_07,
        max(CASE WHEN place = 8 THEN code END) AS diagnosis_08,
        max(CASE WHEN place = 9 THEN code END) AS diagnosis_09,
        max(CASE WHEN place = 10 THEN code END) AS diagnosis_10,
        max(CASE WHEN place = 11 THEN code END) AS diagnosis_11,
        max(CASE WHEN place = 12 THEN code END) AS diagnosis_12,
        max(CASE WHEN place = 13 THEN code END) AS diagnosis_13,
        max(CASE WHEN place = 14 THEN code END) AS diagnosis_14,
        max(CASE WHEN place = 15 THEN code END) AS diagnosis_15,
        max(CASE WHEN place = 16 THEN code END) AS diagnosis_16,
        max(CASE WHEN place = 17 THEN code END) AS diagnosis_17,
        max(CASE WHEN place = 18 THEN code END) AS diagnosis_18,
        max(CASE WHEN place = 19 THEN code END) AS diagnosis_19,
        max(CASE WHEN place = 20 THEN code END) AS diagnosis_20
    FROM placed
    GROUP BY visit_occurrence_id
),

through_emergency AS (
    SELECT DISTINCT stay.visit_occurrence_id
    FROM omop_visit_occurrence AS stay
    INNER JOIN omop_visit_occurrence AS attendance
        ON stay.person_id = attendance.person_id
        AND date_diff(
            'day', coalesce(attendance.visit_end_date, attendance.visit_start_date), stay.visit_start_date
        ) BETWEEN 0 AND 1
    WHERE stay.visit_concept_id = 9201 AND attendance.visit_concept_id = 9203
)

SELECT
    visit.person_id AS patient_id,
    visit.visit_occurrence_id AS episode_id,
    coalesce(visit.care_site_id, 'unknown') AS provider,
    visit.visit_start_date AS admission_date,
    visit.visit_start_date AS episode_start,
    visit.visit_end_date AS episode_end,
    CASE
        WHEN visit.visit_concept_id = 262 OR through_emergency.visit_occurrence_id IS NOT NULL THEN '21'
    END AS admission_method,
    visit.visit_end_date AS discharge_date,
    1 AS episode_order,
    CAST(NULL AS VARCHAR) AS admission_source,
    CAST(NULL AS VARCHAR) AS discharge_destination,
    CAST(NULL AS VARCHAR) AS discharge_method,
    CAST(NULL AS VARCHAR) AS patient_class,
    CASE WHEN visit.visit_end_date IS NULL THEN '1' ELSE '3' END AS episode_status,
    CAST(NULL AS DATE) AS recorded_date,
    diagnoses.diagnosis_01,
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
FROM omop_visit_occurrence AS visit
LEFT JOIN diagnoses ON visit.visit_occurrence_id = diagnoses.visit_occurrence_id
LEFT JOIN through_emergency ON visit.visit_occurrence_id = through_emergency.visit_occurrence_id
WHERE visit.visit_concept_id IN (9201, 262)
