-- Conditions, measurements, observations and procedures that belong to no visit to hospital, under the concept in
-- which they were recorded, else the standard one. Rows of concept 0 are mapped to nothing: they keep a code
-- system of their own, which no list knows, so that they are counted. Namespace 1000006 in a long id is
-- EMIS-local. A concept that is the value of an observation is not read: "family history: COPD" is no COPD.
WITH recorded AS (
    SELECT
        person_id, condition_start_date AS event_date, condition_concept_id AS standard_id,
        condition_source_concept_id AS source_id, CAST(NULL AS DOUBLE) AS value,
        CAST(NULL AS BIGINT) AS unit_id, CAST(NULL AS VARCHAR) AS unit, visit_occurrence_id
    FROM omop_condition_occurrence
    UNION ALL
    SELECT
        person_id, measurement_date, measurement_concept_id, measurement_source_concept_id,
        value_as_number, unit_concept_id, unit_source_value, visit_occurrence_id
    FROM omop_measurement
    UNION ALL
    SELECT
        person_id, observation_date, observation_concept_id, observation_source_concept_id,
        value_as_number, unit_concept_id, unit_source_value, visit_occurrence_id
    FROM omop_observation
    UNION ALL
    SELECT
        person_id, procedure_date, procedure_concept_id, procedure_source_concept_id,
        NULL, NULL, NULL, visit_occurrence_id
    FROM omop_procedure_occurrence
),

hospital AS (
    SELECT visit_occurrence_id
    FROM omop_visit_occurrence
    WHERE visit_concept_id IN (9201, 9203, 262)
),

coded AS (
    SELECT
        recorded.person_id,
        recorded.event_date,
        coalesce(source.concept_code, standard.concept_code, '0') AS code,
        coalesce(source.vocabulary_id, standard.vocabulary_id, 'omop_unmapped') AS vocabulary,
        recorded.value,
        coalesce(recorded.unit, units.concept_code) AS unit
    FROM recorded
    ANTI JOIN hospital ON recorded.visit_occurrence_id = hospital.visit_occurrence_id
    LEFT JOIN omop_concept AS source ON recorded.source_id = source.concept_id AND source.concept_id <> 0
    LEFT JOIN omop_concept AS standard ON recorded.standard_id = standard.concept_id AND standard.concept_id <> 0
    LEFT JOIN omop_concept AS units ON recorded.unit_id = units.concept_id AND units.concept_id <> 0
)

SELECT
    person_id AS patient_id,
    event_date,
    code,
    CASE
        WHEN vocabulary = 'SNOMED' AND length(code) >= 16 AND substr(code, length(code) - 9, 7) = '1000006'
            THEN 'emis'
        WHEN vocabulary = 'Read' THEN 'read2'
        WHEN vocabulary = 'dm+d' THEN 'dmd'
        ELSE lower(vocabulary)
    END AS code_system,
    value,
    unit,
    CAST(NULL AS DATE) AS recorded_date
FROM coded
