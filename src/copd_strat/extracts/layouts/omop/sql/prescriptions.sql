-- Medicines outside visits to hospital under the dm+d concept in which they were recorded: the standard concepts
-- of medicines are RxNorm, which no list here knows. Others keep what code they have, marked with its vocabulary,
-- so that they are counted; dm+d ids are SNOMED CT ids, and may come under either name.
-- The end of an exposure is often made up and not read.
WITH hospital AS (
    SELECT visit_occurrence_id
    FROM omop_visit_occurrence
    WHERE visit_concept_id IN (9201, 9203, 262)
)

SELECT
    issued.person_id AS patient_id,
    issued.drug_exposure_start_date AS issue_date,
    CASE
        WHEN coalesce(source.vocabulary_id, standard.vocabulary_id) IN ('dm+d', 'SNOMED')
            THEN coalesce(source.concept_code, standard.concept_code)
        ELSE concat(
            lower(coalesce(source.vocabulary_id, standard.vocabulary_id, 'omop_unmapped')),
            ':',
            coalesce(source.concept_code, standard.concept_code, '0')
        )
    END AS dmd_code,
    issued.quantity,
    nullif(issued.days_supply, 0) AS duration_days,
    CAST(NULL AS DATE) AS recorded_date
FROM omop_drug_exposure AS issued
ANTI JOIN hospital ON issued.visit_occurrence_id = hospital.visit_occurrence_id
LEFT JOIN omop_concept AS source
    ON issued.drug_source_concept_id = source.concept_id AND source.concept_id <> 0
LEFT JOIN omop_concept AS standard
    ON issued.drug_concept_id = standard.concept_id AND standard.concept_id <> 0
