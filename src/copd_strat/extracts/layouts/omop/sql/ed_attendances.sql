-- Visits to emergency departments (9203) with the SNOMED CT codes recorded in them; OMOP has no qualifiers.
-- Whoever went on to an inpatient hospital (8717) was admitted, 306706006 in the emergency care data set
-- [unconfirmed].
WITH placed AS (
    SELECT
        recorded.visit_occurrence_id,
        coalesce(source.concept_code, standard.concept_code) AS code,
        row_number() OVER (
            PARTITION BY recorded.visit_occurrence_id
            ORDER BY
                CASE WHEN recorded.condition_status_concept_id IN (32902, 32903) THEN 0 ELSE 1 END,
                recorded.condition_start_date, coalesce(source.concept_code, standard.concept_code)
        ) AS place
    FROM omop_condition_occurrence AS recorded
    LEFT JOIN omop_concept AS source
        ON recorded.condition_source_concept_id = source.concept_id AND source.vocabulary_id = 'SNOMED'
    LEFT JOIN omop_concept AS standard
        ON recorded.condition_concept_id = standard.concept_id AND standard.vocabulary_id = 'SNOMED'
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
        max(CASE WHEN place = 12 THEN code END) AS diagnosis_12
    FROM placed
    WHERE code IS NOT NULL
    GROUP BY visit_occurrence_id
)

SELECT
    visit.person_id AS patient_id,
    visit.visit_occurrence_id AS attendance_id,
    visit.visit_start_date AS arrival_date,
    visit.visit_end_date AS departure_date,
    CASE WHEN visit.discharged_to_concept_id = 8717 THEN '306706006' END AS discharge_destination,
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
    CAST(NULL AS VARCHAR) AS diagnosis_qualifier_01,
    CAST(NULL AS VARCHAR) AS diagnosis_qualifier_02,
    CAST(NULL AS VARCHAR) AS diagnosis_qualifier_03,
    CAST(NULL AS VARCHAR) AS diagnosis_qualifier_04,
    CAST(NULL AS VARCHAR) AS diagnosis_qualifier_05,
    CAST(NULL AS VARCHAR) AS diagnosis_qualifier_06,
    CAST(NULL AS VARCHAR) AS diagnosis_qualifier_07,
    CAST(NULL AS VARCHAR) AS diagnosis_qualifier_08,
    CAST(NULL AS VARCHAR) AS diagnosis_qualifier_09,
    CAST(NULL AS VARCHAR) AS diagnosis_qualifier_10,
    CAST(NULL AS VARCHAR) AS diagnosis_qualifier_11,
    CAST(NULL AS VARCHAR) AS diagnosis_qualifier_12
FROM omop_visit_occurrence AS visit
LEFT JOIN diagnoses ON visit.visit_occurrence_id = diagnoses.visit_occurrence_id
WHERE visit.visit_concept_id = 9203
