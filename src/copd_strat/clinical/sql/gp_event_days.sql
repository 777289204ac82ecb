-- Days in general practice that are an exacerbation: positive predictive value 85.5 %, sensitivity 62.9 % for
-- the union of these rules.
-- Days with a COPD review are removed first: review templates carry codes that are no event. Then any of
--   an acute exacerbation code; a lower respiratory infection code; an antibiotic and an oral steroid;
--   two of breathlessness, cough and sputum with either of them.
-- Source: Rothnie 2016, PLoS ONE 11:e0151357; docs/decisions.md §7.
WITH signs AS (
    SELECT concept_events.patient, concept_events.event_date, concept_events.concept, CAST(NULL AS VARCHAR) AS drug
    FROM concept_events
    SEMI JOIN event_day_concepts ON concept_events.concept = event_day_concepts.concept
    WHERE concept_events.event_date <= $index
    UNION ALL
    SELECT patient, event_date, NULL, drug FROM courses
),

days AS (
    SELECT
        signs.patient,
        event_date,
        coalesce(bool_or(concept = 'copd_review'), FALSE) AS review,
        coalesce(bool_or(concept = 'aecopd_event'), FALSE) AS aecopd,
        coalesce(bool_or(concept = 'lrti'), FALSE) AS lrti,
        coalesce(bool_or(concept = 'symptom_breathless'), FALSE) AS breathless,
        coalesce(bool_or(concept = 'symptom_cough'), FALSE) AS cough,
        coalesce(bool_or(concept = 'symptom_sputum'), FALSE) AS sputum,
        coalesce(bool_or(concept = 'rescue_pack_issued'), FALSE) AS rescue_pack,
        coalesce(bool_or(drug = 'antibiotic'), FALSE) AS antibiotic,
        coalesce(bool_or(drug = 'steroid'), FALSE) AS steroid
    FROM signs
    SEMI JOIN copd_spans ON signs.patient = copd_spans.patient
    GROUP BY signs.patient, event_date
),

counted AS (
    SELECT
        *,
        CAST(breathless AS INTEGER) + CAST(cough AS INTEGER) + CAST(sputum AS INTEGER) AS symptoms
    FROM days
    WHERE NOT review
)

SELECT patient, event_date, aecopd, lrti, antibiotic, steroid, symptoms, rescue_pack
FROM counted
WHERE aecopd OR lrti OR (antibiotic AND steroid) OR (symptoms >= 2 AND (antibiotic OR steroid))
