-- Regular medicines: issued in the 6 months to the index (docs/decisions.md §11; NCL ICB uses the same);
-- courses in 12 months, counted as days of issue without maintenance treatment; oxygen in 12 months.
WITH recent AS (
    SELECT
        patient,
        bool_or(concept IN ('lama', 'laba_lama', 'triple') AND last_date > $index - INTERVAL 6 MONTH) AS lama,
        bool_or(
            concept IN ('laba', 'laba_lama', 'ics_laba', 'triple') AND last_date > $index - INTERVAL 6 MONTH
        ) AS laba,
        bool_or(
            concept IN ('ics', 'ics_neb', 'ics_saba', 'ics_laba', 'triple')
            AND last_date > $index - INTERVAL 6 MONTH
        ) AS ics,
        bool_or(
            concept IN ('saba', 'saba_neb', 'saba_sama', 'saba_sama_neb', 'ics_saba')
            AND last_date > $index - INTERVAL 6 MONTH
        ) AS saba,
        bool_or(
            concept IN ('sama', 'sama_neb', 'saba_sama', 'saba_sama_neb')
            AND last_date > $index - INTERVAL 6 MONTH
        ) AS sama,
        max(
            CASE
                WHEN concept IN (
                    'lama', 'laba', 'laba_lama', 'ics', 'ics_neb', 'ics_saba', 'ics_laba', 'triple', 'saba',
                    'saba_neb', 'saba_sama', 'saba_sama_neb', 'sama', 'sama_neb'
                ) THEN last_date
            END
        ) AS last_inhaler_date,
        bool_or(concept = 'statin' AND last_date > $index - INTERVAL 6 MONTH) AS statin,
        max(CASE WHEN concept = 'statin' THEN last_date END) AS statin_date,
        bool_or(concept = 'mucolytic' AND last_date > $index - INTERVAL 6 MONTH) AS mucolytic,
        bool_or(concept = 'theophylline' AND last_date > $index - INTERVAL 6 MONTH) AS theophylline,
        bool_or(concept = 'home_oxygen' AND last_date > $index - INTERVAL 12 MONTH) AS home_oxygen,
        max(CASE WHEN concept = 'home_oxygen' THEN last_date END) AS home_oxygen_date,
        bool_or(concept = 'rescue_pack_issued' AND last_date > $index - INTERVAL 12 MONTH) AS rescue_pack_12m
    FROM concept_summary
    GROUP BY patient
),

course_days AS (
    SELECT
        patient,
        count(DISTINCT CASE WHEN drug = 'steroid' THEN event_date END) AS ocs_courses_12m,
        count(DISTINCT CASE WHEN drug = 'antibiotic' THEN event_date END) AS antibiotic_courses_12m
    FROM courses
    WHERE event_date > $index - INTERVAL 12 MONTH
    GROUP BY patient
),

saba_days AS (
    SELECT patient, count(DISTINCT event_date) AS saba_issues_12m
    FROM concept_events
    WHERE concept IN ('saba', 'saba_sama', 'ics_saba')
        AND event_date > $index - INTERVAL 12 MONTH
        AND event_date <= $index
    GROUP BY patient
),

long_term AS (
    SELECT
        patient,
        bool_or(drug = 'azithromycin') AS azithromycin_prophylaxis,
        bool_or(drug = 'steroid') AS maintenance_steroid
    FROM maintenance
    WHERE event_date > $index - INTERVAL 6 MONTH
    GROUP BY patient
)

SELECT
    register.patient,
    recent.* EXCLUDE (patient),
    CASE
        WHEN ics AND lama AND laba THEN 'triple'
        WHEN lama AND laba THEN 'laba_lama'
        WHEN ics AND laba THEN 'ics_laba'
        WHEN ics AND lama THEN 'ics_lama'
        WHEN lama THEN 'lama'
        WHEN laba THEN 'laba'
        WHEN ics THEN 'ics'
        WHEN saba OR sama THEN 'short_acting'
        ELSE 'none'
    END AS inhaler_class,
    CAST(coalesce(course_days.ocs_courses_12m, 0) AS INTEGER) AS ocs_courses_12m,
    CAST(coalesce(course_days.antibiotic_courses_12m, 0) AS INTEGER) AS antibiotic_courses_12m,
    CAST(coalesce(saba_days.saba_issues_12m, 0) AS INTEGER) AS saba_issues_12m,
    long_term.azithromycin_prophylaxis,
    long_term.maintenance_steroid
FROM register
LEFT JOIN recent ON register.patient = recent.patient
LEFT JOIN course_days ON register.patient = course_days.patient
LEFT JOIN saba_days ON register.patient = saba_days.patient
LEFT JOIN long_term ON register.patient = long_term.patient
