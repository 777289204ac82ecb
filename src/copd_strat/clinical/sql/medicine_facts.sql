-- Regular medicines: issued in the 6 months to the index; courses in 12 months, counted as days of issue
-- without maintenance treatment; oxygen in 12 months.
-- Source: docs/decisions.md §11 (NCL ICB uses the same 6 months); data/medicine_concepts.csv,
-- data/inhaler_classes.csv.
WITH issued AS (
    SELECT patient, medicine, last_date
    FROM concept_summary
    INNER JOIN medicine_concepts ON concept_summary.concept = medicine_concepts.concept
),

recent AS (
    SELECT
        patient,
        bool_or(medicine = 'lama' AND last_date > $index - INTERVAL 6 MONTH) AS lama,
        bool_or(medicine = 'laba' AND last_date > $index - INTERVAL 6 MONTH) AS laba,
        bool_or(medicine = 'ics' AND last_date > $index - INTERVAL 6 MONTH) AS ics,
        bool_or(medicine = 'saba' AND last_date > $index - INTERVAL 6 MONTH) AS saba,
        bool_or(medicine = 'sama' AND last_date > $index - INTERVAL 6 MONTH) AS sama,
        max(CASE WHEN medicine IN ('lama', 'laba', 'ics', 'saba', 'sama') THEN last_date END)
        AS last_inhaler_date,
        bool_or(medicine = 'statin' AND last_date > $index - INTERVAL 6 MONTH) AS statin,
        max(CASE WHEN medicine = 'statin' THEN last_date END) AS statin_date,
        bool_or(medicine = 'mucolytic' AND last_date > $index - INTERVAL 6 MONTH) AS mucolytic,
        bool_or(medicine = 'theophylline' AND last_date > $index - INTERVAL 6 MONTH) AS theophylline,
        bool_or(medicine = 'home_oxygen' AND last_date > $index - INTERVAL 12 MONTH) AS home_oxygen,
        max(CASE WHEN medicine = 'home_oxygen' THEN last_date END) AS home_oxygen_date,
        bool_or(medicine = 'rescue_pack' AND last_date > $index - INTERVAL 12 MONTH) AS rescue_pack_12m
    FROM issued
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
    INNER JOIN medicine_concepts ON concept_events.concept = medicine_concepts.concept
    WHERE medicine = 'saba_inhaler'
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
    coalesce(
        inhaler_classes.inhaler_class,
        CASE WHEN recent.saba OR recent.sama THEN 'short_acting' END,
        'none'
    ) AS inhaler_class,
    course_days.ocs_courses_12m,
    course_days.antibiotic_courses_12m,
    saba_days.saba_issues_12m,
    long_term.azithromycin_prophylaxis,
    long_term.maintenance_steroid
FROM register
LEFT JOIN recent ON register.patient = recent.patient
LEFT JOIN course_days ON register.patient = course_days.patient
LEFT JOIN saba_days ON register.patient = saba_days.patient
LEFT JOIN long_term ON register.patient = long_term.patient
LEFT JOIN inhaler_classes
    ON coalesce(recent.ics, FALSE) = inhaler_classes.ics
    AND coalesce(recent.lama, FALSE) = inhaler_classes.lama
    AND coalesce(recent.laba, FALSE) = inhaler_classes.laba
