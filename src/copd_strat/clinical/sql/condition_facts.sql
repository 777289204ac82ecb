-- Long-term conditions: ever coded by GP or hospital up to the index, unless a later "resolved" code stands
-- (concept <name>_resolved; docs/decisions.md §11). Age-adjusted Charlson index for CODEX (Almagro 2014,
-- Chest 145:972): weights of Charlson 1987, ICD-10 grouping after Quan 2005 [unconfirmed], one point a decade
-- from 50 to 80. COPD itself is the point for lung disease. Of paired concepts the severe one counts.
WITH resolved AS (
    SELECT patient, replace(concept, '_resolved', '') AS concept, last_date
    FROM concept_summary
    WHERE concept LIKE '%resolved' AND last_date IS NOT NULL
),

standing AS (
    SELECT found.patient, found.concept
    FROM concept_summary AS found
    LEFT JOIN resolved
        ON found.patient = resolved.patient
        AND found.concept = resolved.concept
        AND found.last_date <= resolved.last_date
    WHERE found.last_date IS NOT NULL AND resolved.patient IS NULL
),

wide AS (
    SELECT
        patient,
        bool_or(concept = 'asthma') AS asthma,
        bool_or(concept = 'anxiety') AS anxiety,
        bool_or(concept = 'depression') AS depression,
        bool_or(concept = 'hypertension') AS hypertension,
        bool_or(concept = 'heart_failure') AS heart_failure,
        bool_or(concept = 'stroke') AS stroke,
        bool_or(concept IN ('ischaemic_heart_disease', 'charlson_mi')) AS ischaemic_heart_disease,
        bool_or(concept IN ('cerebrovascular_disease', 'stroke', 'tia')) AS cerebrovascular_disease,
        bool_or(concept = 'gord') AS gord,
        bool_or(concept = 'sleep_apnoea') AS sleep_apnoea,
        bool_or(concept = 'ckd') AS ckd,
        bool_or(concept = 'bronchiectasis') AS bronchiectasis,
        bool_or(concept = 'osteoporosis') AS osteoporosis,
        bool_or(concept = 'pneumonia') AS pneumonia,
        bool_or(concept = 'eczema') AS eczema,
        bool_or(concept = 'allergic_rhinitis') AS allergic_rhinitis,
        bool_or(
            concept IN ('diabetes', 'charlson_diabetes_uncomplicated', 'charlson_diabetes_complicated')
        ) AS diabetes,
        bool_or(concept IN ('dementia', 'charlson_dementia')) AS dementia,
        bool_or(concept = 'learning_disability') AS learning_disability,
        bool_or(concept = 'lung_cancer') AS lung_cancer,
        bool_or(concept = 'cor_pulmonale') AS cor_pulmonale,
        1
        + max(CASE WHEN concept = 'charlson_mi' THEN 1 ELSE 0 END)
        + max(CASE WHEN concept = 'heart_failure' THEN 1 ELSE 0 END)
        + max(CASE WHEN concept = 'charlson_pvd' THEN 1 ELSE 0 END)
        + max(CASE WHEN concept IN ('cerebrovascular_disease', 'stroke', 'tia') THEN 1 ELSE 0 END)
        + max(CASE WHEN concept = 'charlson_dementia' THEN 1 ELSE 0 END)
        + max(CASE WHEN concept = 'charlson_connective_tissue' THEN 1 ELSE 0 END)
        + max(CASE WHEN concept = 'charlson_peptic_ulcer' THEN 1 ELSE 0 END)
        + max(
            CASE concept WHEN 'charlson_liver_mod_severe' THEN 3 WHEN 'charlson_liver_mild' THEN 1 ELSE 0 END
        )
        + max(
            CASE concept
                WHEN 'charlson_diabetes_complicated' THEN 2
                WHEN 'charlson_diabetes_uncomplicated' THEN 1
                WHEN 'diabetes' THEN 1
                ELSE 0
            END
        )
        + max(CASE WHEN concept = 'charlson_hemiplegia' THEN 2 ELSE 0 END)
        + max(CASE WHEN concept = 'ckd' THEN 2 ELSE 0 END)
        + max(
            CASE concept WHEN 'charlson_metastatic_cancer' THEN 6 WHEN 'charlson_cancer' THEN 2 ELSE 0 END
        )
        + max(CASE WHEN concept = 'charlson_hiv_aids' THEN 6 ELSE 0 END) AS charlson,
        bool_or(concept = 'copd_dx_asthma_overlap') AS coded_overlap,
        bool_or(concept = 'fev1_fvc_lt70') AS coded_obstruction
    FROM standing
    GROUP BY patient
)

SELECT
    register.patient,
    wide.* EXCLUDE (patient, charlson),
    coalesce(wide.charlson, 1)
    + CAST(least(greatest(floor(register.age / 10) - 4, 0), 4) AS INTEGER) AS charlson_age_adjusted
FROM register
LEFT JOIN wide ON register.patient = wide.patient
