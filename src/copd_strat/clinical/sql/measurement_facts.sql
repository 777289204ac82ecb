-- Latest measurements inside their windows: MRC and CAT 24 months; BMI, smoking and eosinophils 5 years; SpO2 12
-- months; the others ever.
-- Source: docs/decisions.md §11; months in data/measures.csv.
WITH windowed AS (
    SELECT latest_measurements.patient, latest_measurements.measure, event_date, value
    FROM latest_measurements
    INNER JOIN measures ON latest_measurements.measure = measures.measure
    WHERE measures.months IS NULL OR event_date > $index - measures.months * INTERVAL 1 MONTH
),

wide AS (
    SELECT
        patient,
        max(CASE WHEN measure = 'mrc_grade' THEN value END) AS mrc,
        max(CASE WHEN measure = 'mrc_grade' THEN event_date END) AS mrc_date,
        max(CASE WHEN measure = 'cat_score' THEN value END) AS cat,
        max(CASE WHEN measure = 'cat_score' THEN event_date END) AS cat_date,
        max(CASE WHEN measure = 'fev1' THEN value END) AS fev1_litres,
        max(CASE WHEN measure = 'fev1' THEN event_date END) AS fev1_litres_date,
        max(CASE WHEN measure = 'fvc' THEN value END) AS fvc_litres,
        max(CASE WHEN measure = 'height' THEN value END) AS height_cm,
        max(CASE WHEN measure = 'eosinophil_count' THEN value END) AS eosinophils,
        max(CASE WHEN measure = 'eosinophil_count' THEN event_date END) AS eosinophils_date,
        max(CASE WHEN measure = 'spo2' THEN value END) AS spo2,
        max(CASE WHEN measure = 'spo2' THEN event_date END) AS spo2_date,
        max(CASE WHEN measure = 'exacerbation_count' THEN value END) AS coded_exacerbation_count,
        max(CASE WHEN measure = 'exacerbation_count' THEN event_date END) AS coded_exacerbation_count_date
    FROM windowed
    GROUP BY patient
)

SELECT
    register.patient,
    wide.* EXCLUDE (patient),
    fev1_percent.value AS fev1_pct_predicted,
    fev1_percent.event_date AS fev1_pct_date,
    fev1_percent.source AS fev1_pct_source,
    body_mass.value AS bmi,
    body_mass.event_date AS bmi_date,
    smoking.status AS smoking_status,
    smoking.event_date AS smoking_date,
    frailty.degree AS frailty,
    frailty.event_date AS frailty_date,
    spirometry_ratio.value AS fev1_fvc_ratio,
    spirometry_ratio.event_date AS fev1_fvc_ratio_date,
    spirometry_ratio.lowest_ratio
FROM register
LEFT JOIN wide ON register.patient = wide.patient
LEFT JOIN fev1_percent ON register.patient = fev1_percent.patient
LEFT JOIN body_mass
    ON register.patient = body_mass.patient AND body_mass.event_date > $index - INTERVAL 60 MONTH
LEFT JOIN smoking
    ON register.patient = smoking.patient AND smoking.event_date > $index - INTERVAL 60 MONTH
LEFT JOIN frailty ON register.patient = frailty.patient
LEFT JOIN spirometry_ratio ON register.patient = spirometry_ratio.patient
