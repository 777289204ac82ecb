-- Emergency admissions for COPD after an emergency spell for COPD, by the day of admission: days since that spell ended,
-- and whether the review that its discharge asked for was on record by then (docs/follow-up.md).
SELECT
    people.patient_id,
    spells.admission_date AS day,
    spells.days_since_copd_discharge AS days,
    reviews.done_on IS NOT NULL AS reviewed
FROM spell_sequence AS spells
INNER JOIN people ON spells.patient = people.patient
LEFT JOIN (
    SELECT patient, event_date, min(done_on) AS done_on
    FROM follow_up_duties
    WHERE event = 'discharge' AND duty = 'review'
    GROUP BY patient, event_date
) AS reviews
    ON spells.patient = reviews.patient
    AND reviews.event_date
        = CAST(spells.admission_date - spells.days_since_copd_discharge * INTERVAL 1 DAY AS DATE)
    AND reviews.done_on <= spells.admission_date
WHERE spells.days_since_copd_discharge >= 0
