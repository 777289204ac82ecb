-- Care processes up to the index: COPD review, pulmonary rehabilitation, self-management plan, vaccination,
-- inhaler technique, smoking support. Rehabilitation shows the latest status; on one day the one furthest
-- along.
-- Source: docs/clinical-definitions.md, care and living situation; data/rehabilitation_concepts.csv.
WITH wide AS (
    SELECT
        patient,
        max(CASE WHEN concept = 'copd_review' THEN last_date END) AS last_copd_review_date,
        max(CASE WHEN concept = 'self_mgmt_plan' THEN last_date END) AS self_management_plan_date,
        max(CASE WHEN concept = 'inhaler_technique' THEN last_date END) AS inhaler_technique_date,
        max(CASE WHEN concept = 'smoking_support' THEN last_date END) AS smoking_support_date,
        bool_or(concept = 'pneumococcal_vaccine_given' AND last_date IS NOT NULL) AS pneumococcal_vaccine_ever
    FROM concept_summary
    GROUP BY patient
),

rehabilitation AS (
    SELECT
        patient,
        last_date,
        status,
        row_number() OVER (PARTITION BY patient ORDER BY last_date DESC, precedence) AS place
    FROM concept_summary
    INNER JOIN rehabilitation_concepts ON concept_summary.concept = rehabilitation_concepts.concept
    WHERE last_date IS NOT NULL
),

-- Influenza season: from the last 1 September to 31 March [unconfirmed].
season AS (
    SELECT
        patient,
        bool_or(
            event_date >= make_date(
                CAST(year($index) - CASE WHEN month($index) < 9 THEN 1 ELSE 0 END AS INTEGER), 9, 1
            )
            AND (month(event_date) >= 9 OR month(event_date) <= 3)
        ) AS flu_vaccine_this_season
    FROM concept_events
    WHERE concept = 'flu_vaccine_given' AND event_date <= $index
    GROUP BY patient
)

SELECT
    register.patient,
    wide.* EXCLUDE (patient),
    coalesce(last_copd_review_date > $index - INTERVAL 15 MONTH, FALSE) AS copd_review_15m,
    rehabilitation.status AS pr_status,
    rehabilitation.last_date AS pr_status_date,
    season.flu_vaccine_this_season
FROM register
LEFT JOIN wide ON register.patient = wide.patient
LEFT JOIN rehabilitation ON register.patient = rehabilitation.patient AND rehabilitation.place = 1
LEFT JOIN season ON register.patient = season.patient
