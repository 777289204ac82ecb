-- Days in general practice that are an exacerbation by Rothnie 2016 (PLoS ONE 11:e0151357): positive
-- predictive value 85.5 %, sensitivity 62.9 % for the union of these rules.
-- Days with a COPD review are removed first: review templates carry codes that are no event. Then any of
--   an acute exacerbation code; a lower respiratory infection code; an antibiotic and an oral steroid;
--   two of breathlessness, cough and sputum with either of them.
-- Each sign is a bit, so that the signs of a day are one number.
WITH signs AS (
    SELECT CAST(concept AS concept_category) AS concept, sign
    FROM (
        VALUES
        ('aecopd_event', 1),
        ('lrti', 2),
        ('symptom_breathless', 4),
        ('symptom_cough', 8),
        ('symptom_sputum', 16),
        ('rescue_pack_issued', 32),
        ('copd_review', 64)
    ) AS listed (concept, sign)
),

signed AS (
    SELECT concept_events.patient, concept_events.event_date, signs.sign
    FROM concept_events
    INNER JOIN signs ON concept_events.concept = signs.concept
    WHERE concept_events.event_date <= $index
    UNION ALL
    SELECT patient, event_date, CASE drug WHEN 'antibiotic' THEN 128 ELSE 256 END AS sign
    FROM courses
),

days AS (
    SELECT signed.patient, event_date, bit_or(sign) AS seen
    FROM signed
    SEMI JOIN copd_spans ON signed.patient = copd_spans.patient
    GROUP BY signed.patient, event_date
),

named AS (
    SELECT
        patient,
        event_date,
        seen & 1 > 0 AS aecopd,
        seen & 2 > 0 AS lrti,
        bit_count(seen & (4 + 8 + 16)) AS symptoms,
        seen & 32 > 0 AS rescue_pack,
        seen & 128 > 0 AS antibiotic,
        seen & 256 > 0 AS steroid
    FROM days
    WHERE seen & 64 = 0
)

SELECT patient, event_date, aecopd, lrti, antibiotic, steroid, symptoms, rescue_pack
FROM named
WHERE aecopd OR lrti OR (antibiotic AND steroid) OR (symptoms >= 2 AND (antibiotic OR steroid))
