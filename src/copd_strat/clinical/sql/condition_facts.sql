-- Long-term conditions: ever coded by GP or hospital up to the index, unless a later "resolved" code stands
-- (concept <name>_resolved; docs/decisions.md §11), and the age-adjusted Charlson index.
-- Source: data/condition_concepts.csv, data/charlson_items.csv; the index as in CODEX (Almagro 2014, Chest
-- 145:972), one point a decade from 50 to 80 (Charlson 1987).
WITH resolved AS (
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
        bool_or(condition IN ('asthma', 'coded_overlap')) AS asthma_overlap,
        bool_or(condition = 'coded_obstruction') AS coded_obstruction
    FROM standing
    INNER JOIN condition_concepts ON standing.concept = condition_concepts.concept
    GROUP BY patient
),

-- Of paired concepts (diabetes without and with complications) the severe one counts.
items AS (
    SELECT patient, item, max(points) AS points
    FROM standing
    INNER JOIN charlson_items ON standing.concept = charlson_items.concept
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
    -- COPD itself is the point for lung disease
    1
    + coalesce(scores.points, 0)
    + CAST(least(greatest(floor(register.age / 10) - 4, 0), 4) AS INTEGER) AS charlson_age_adjusted
FROM register
LEFT JOIN wide ON register.patient = wide.patient
LEFT JOIN scores ON register.patient = scores.patient
