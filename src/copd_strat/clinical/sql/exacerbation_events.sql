-- Everything that may be part of an exacerbation, as intervals: a GP event day, an emergency department
-- attendance without admission, a finished emergency spell for COPD.
-- Source: docs/decisions.md §7.
SELECT
    patient,
    event_date AS start_date,
    event_date AS end_date,
    'moderate' AS severity,
    antibiotic OR steroid AS treated,
    rescue_pack,
    concat_ws(
        ', ',
        CASE WHEN aecopd THEN 'exacerbation code' END,
        CASE WHEN lrti THEN 'chest infection code' END,
        CASE WHEN symptoms >= 2 AND NOT (antibiotic AND steroid) THEN 'symptoms' END,
        CASE
            WHEN antibiotic AND steroid THEN 'antibiotic and oral steroid'
            WHEN antibiotic THEN 'antibiotic'
            WHEN steroid THEN 'oral steroid'
        END,
        CASE WHEN rescue_pack THEN 'rescue pack issued' END
    ) AS evidence
FROM gp_event_days
UNION ALL
SELECT
    patient,
    arrival_date,
    arrival_date,
    'ed_only',
    FALSE,
    FALSE,
    'emergency department attendance'
FROM ed_visits
WHERE copd_related AND NOT admitted AND arrival_date <= $index
UNION ALL
SELECT
    patient,
    admission_date,
    discharge_date,
    'severe',
    FALSE,
    FALSE,
    concat('emergency admission, ', CAST(bed_days AS VARCHAR), CASE bed_days WHEN 1 THEN ' night' ELSE ' nights' END)
FROM spells
WHERE emergency AND finished AND copd_related AND admission_date <= $index
