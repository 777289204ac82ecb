-- Long-term conditions: ever coded by GP or hospital up to the index, unless a later "resolved" code stands
-- (concept <name>_resolved; docs/decisions.md §11). Age-adjusted Charlson index for CODEX (Almagro 2014,
-- Chest 145:972): weights of Charlson 1987, ICD-10 grouping after Quan 2005 [unconfirmed], one point a decade
-- from 50 to 80. COPD itself is the point for lung disease. Of paired concepts the severe one counts.
WITH conditions AS (
    SELECT CAST(concept AS concept_category) AS concept, condition
    FROM (
        VALUES
        ('asthma', 'asthma'),
        ('anxiety', 'anxiety'),
        ('depression', 'depression'),
        ('hypertension', 'hypertension'),
        ('heart_failure', 'heart_failure'),
        ('stroke', 'stroke'),
        ('ischaemic_heart_disease', 'ischaemic_heart_disease'),
        ('charlson_mi', 'ischaemic_heart_disease'),
        ('cerebrovascular_disease', 'cerebrovascular_disease'),
        ('stroke', 'cerebrovascular_disease'),
        ('tia', 'cerebrovascular_disease'),
        ('gord', 'gord'),
        ('sleep_apnoea', 'sleep_apnoea'),
        ('ckd', 'ckd'),
        ('bronchiectasis', 'bronchiectasis'),
        ('osteoporosis', 'osteoporosis'),
        ('pneumonia', 'pneumonia'),
        ('eczema', 'eczema'),
        ('allergic_rhinitis', 'allergic_rhinitis'),
        ('diabetes', 'diabetes'),
        ('charlson_diabetes_uncomplicated', 'diabetes'),
        ('charlson_diabetes_complicated', 'diabetes'),
        ('dementia', 'dementia'),
        ('charlson_dementia', 'dementia'),
        ('learning_disability', 'learning_disability'),
        ('lung_cancer', 'lung_cancer'),
        ('cor_pulmonale', 'cor_pulmonale'),
        ('copd_dx_asthma_overlap', 'coded_overlap'),
        ('fev1_fvc_lt70', 'coded_obstruction')
    ) AS listed (concept, condition)
),

charlson AS (
    SELECT CAST(concept AS concept_category) AS concept, item, points
    FROM (
        VALUES
        ('charlson_mi', 'infarction', 1),
        ('heart_failure', 'heart failure', 1),
        ('charlson_pvd', 'peripheral vascular', 1),
        ('cerebrovascular_disease', 'cerebrovascular', 1),
        ('stroke', 'cerebrovascular', 1),
        ('tia', 'cerebrovascular', 1),
        ('charlson_dementia', 'dementia', 1),
        ('charlson_connective_tissue', 'connective tissue', 1),
        ('charlson_peptic_ulcer', 'peptic ulcer', 1),
        ('charlson_liver_mild', 'liver', 1),
        ('charlson_liver_mod_severe', 'liver', 3),
        ('diabetes', 'diabetes', 1),
        ('charlson_diabetes_uncomplicated', 'diabetes', 1),
        ('charlson_diabetes_complicated', 'diabetes', 2),
        ('charlson_hemiplegia', 'hemiplegia', 2),
        ('ckd', 'kidney', 2),
        ('charlson_cancer', 'cancer', 2),
        ('charlson_metastatic_cancer', 'cancer', 6),
        ('charlson_hiv_aids', 'hiv', 6)
    ) AS listed (concept, item, points)
),

resolved AS (
    SELECT patient, TRY_CAST(replace(concept, '_resolved', '') AS concept_category) AS concept, last_date
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
        bool_or(condition = 'asthma') AS asthma,
        bool_or(condition = 'anxiety') AS anxiety,
        bool_or(condition = 'depression') AS depression,
        bool_or(condition = 'hypertension') AS hypertension,
        bool_or(condition = 'heart_failure') AS heart_failure,
        bool_or(condition = 'stroke') AS stroke,
        bool_or(condition = 'ischaemic_heart_disease') AS ischaemic_heart_disease,
        bool_or(condition = 'cerebrovascular_disease') AS cerebrovascular_disease,
        bool_or(condition = 'gord') AS gord,
        bool_or(condition = 'sleep_apnoea') AS sleep_apnoea,
        bool_or(condition = 'ckd') AS ckd,
        bool_or(condition = 'bronchiectasis') AS bronchiectasis,
        bool_or(condition = 'osteoporosis') AS osteoporosis,
        bool_or(condition = 'pneumonia') AS pneumonia,
        bool_or(condition = 'eczema') AS eczema,
        bool_or(condition = 'allergic_rhinitis') AS allergic_rhinitis,
        bool_or(condition = 'diabetes') AS diabetes,
        bool_or(condition = 'dementia') AS dementia,
        bool_or(condition = 'learning_disability') AS learning_disability,
        bool_or(condition = 'lung_cancer') AS lung_cancer,
        bool_or(condition = 'cor_pulmonale') AS cor_pulmonale,
        bool_or(condition = 'coded_overlap') AS coded_overlap,
        bool_or(condition = 'coded_obstruction') AS coded_obstruction
    FROM standing
    INNER JOIN conditions ON standing.concept = conditions.concept
    GROUP BY patient
),

items AS (
    SELECT patient, item, max(points) AS points
    FROM standing
    INNER JOIN charlson ON standing.concept = charlson.concept
    GROUP BY patient, item
),

scores AS (
    SELECT patient, CAST(sum(points) AS INTEGER) AS points
    FROM items
    GROUP BY patient
)

SELECT
    register.patient,
    wide.* EXCLUDE (patient),
    1
    + coalesce(scores.points, 0)
    + CAST(least(greatest(floor(register.age / 10) - 4, 0), 4) AS INTEGER) AS charlson_age_adjusted
FROM register
LEFT JOIN wide ON register.patient = wide.patient
LEFT JOIN scores ON register.patient = scores.patient
