-- Days in general practice that are an exacerbation by Rothnie 2016 (PLoS ONE 11:e0151357): positive
-- predictive value 85.5 %, sensitivity 62.9 % for the union of these rules.
-- Days with a COPD review are removed first: review templates carry codes that are no event. Then any of
--   an acute exacerbation code; a lower respiratory infection code; an antibiotic and an oral steroid;
--   two of breathlessness, cough and sputum with either of them.
WITH flags AS (
    SELECT patient, event_date, concept, NULL AS drug
    FROM concept_events
    WHERE event_date <= $index
        AND concept IN (
            'aecopd_event', 'lrti', 'symptom_breathless', 'symptom_cough', 'symptom_sputum',
            'copd_review', 'rescue_pack_issued'
        )
    UNION ALL
    SELECT patient, event_date, NULL, drug FROM courses
),

days AS (
    SELECT
        patient,
        event_date,
        coalesce(bool_or(concept = 'aecopd_event'), FALSE) AS aecopd,
        coalesce(bool_or(concept = 'lrti'), FALSE) AS lrti,
        coalesce(bool_or(drug = 'antibiotic'), FALSE) AS antibiotic,
        coalesce(bool_or(drug = 'steroid'), FALSE) AS steroid,
        max(CASE WHEN concept = 'symptom_breathless' THEN 1 ELSE 0 END)
        + max(CASE WHEN concept = 'symptom_cough' THEN 1 ELSE 0 END)
        + max(CASE WHEN concept = 'symptom_sputum' THEN 1 ELSE 0 END) AS symptoms,
        coalesce(bool_or(concept = 'rescue_pack_issued'), FALSE) AS rescue_pack,
        coalesce(bool_or(concept = 'copd_review'), FALSE) AS review
    FROM flags
    SEMI JOIN copd_spans ON flags.patient = copd_spans.patient
    GROUP BY patient, event_date
)

SELECT patient, event_date, aecopd, lrti, antibiotic, steroid, symptoms, rescue_pack
FROM days
WHERE NOT review
    AND (aecopd OR lrti OR (antibiotic AND steroid) OR (symptoms >= 2 AND (antibiotic OR steroid)))
