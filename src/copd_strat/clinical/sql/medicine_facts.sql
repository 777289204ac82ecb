-- Regular medicines: issued in the 6 months to the index (docs/decisions.md §11; NCL ICB uses the same);
-- courses in 12 months, counted as days of issue without maintenance treatment; oxygen in 12 months.
WITH medicines AS (
    SELECT CAST(concept AS concept_category) AS concept, medicine
    FROM (
        VALUES
        ('lama', 'lama'),
        ('laba', 'laba'),
        ('laba_lama', 'lama'),
        ('laba_lama', 'laba'),
        ('ics', 'ics'),
        ('ics_neb', 'ics'),
        ('ics_laba', 'ics'),
        ('ics_laba', 'laba'),
        ('triple', 'ics'),
        ('triple', 'lama'),
        ('triple', 'laba'),
        ('saba', 'saba'),
        ('saba', 'saba_inhaler'),
        ('saba_neb', 'saba'),
        ('ics_saba', 'ics'),
        ('ics_saba', 'saba'),
        ('ics_saba', 'saba_inhaler'),
        ('saba_sama', 'saba'),
        ('saba_sama', 'saba_inhaler'),
        ('saba_sama', 'sama'),
        ('saba_sama_neb', 'saba'),
        ('saba_sama_neb', 'sama'),
        ('sama', 'sama'),
        ('sama_neb', 'sama'),
        ('statin', 'statin'),
        ('mucolytic', 'mucolytic'),
        ('theophylline', 'theophylline'),
        ('home_oxygen', 'home_oxygen'),
        ('rescue_pack_issued', 'rescue_pack')
    ) AS listed (concept, medicine)
),

issued AS (
    SELECT patient, medicine, last_date
    FROM concept_summary
    INNER JOIN medicines ON concept_summary.concept = medicines.concept
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
    INNER JOIN medicines ON concept_events.concept = medicines.concept
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
