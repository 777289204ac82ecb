-- One row a register patient; names, units, windows and the meaning of a gap stand in features.csv.
-- What no source or code list can show is NULL; that nothing was found is "no" or 0 only where the GP record
-- is alive (seen; docs/decisions.md §10).
WITH facts AS (
    SELECT
        register.*,
        gp_activity.last_gp_event_date,
        gp_activity.no_recent_data,
        NOT gp_activity.no_recent_data AS seen,
        coalesce(happened.moderate_12m, 0) AS moderate_12m,
        coalesce(happened.severe_12m, 0) AS severe_12m,
        coalesce(happened.ed_only_12m, 0) AS ed_only_12m,
        coalesce(happened.treated_12m, 0) AS treated_12m,
        coalesce(happened.moderate_24m, 0) AS moderate_24m,
        coalesce(happened.severe_24m, 0) AS severe_24m,
        coalesce(happened.any_24m, 0) AS any_24m,
        coalesce(happened.moderate_12m_excl_rescue, 0) AS moderate_12m_excl_rescue,
        coalesce(happened.any_12m_excl_rescue, 0) AS any_12m_excl_rescue,
        coalesce(happened.severe_ever, FALSE) AS severe_ever,
        happened.last_exacerbation_date,
        happened.last_severe_date,
        happened.evidence_12m
    FROM register
    INNER JOIN gp_activity ON register.patient_id = gp_activity.patient_id
    LEFT JOIN exacerbation_facts AS happened ON register.patient_id = happened.patient_id
)

SELECT
    CAST(facts.patient_id AS VARCHAR) AS patient_id,
    facts.practice_id,
    CAST($index AS DATE) AS index_date,
    CAST($gp_complete_to AS DATE) AS gp_complete_to,
    CAST($hospital_complete_to AS DATE) AS hospital_complete_to,
    CAST(facts.age AS DOUBLE) AS age,
    facts.sex,
    facts.imd_quintile,
    facts.ethnicity,
    facts.registration_start,
    facts.short_history,
    facts.no_recent_data,
    facts.last_gp_event_date,
    facts.copd_diagnosis_date,
    CASE
        WHEN condition_facts.asthma OR condition_facts.coded_overlap THEN TRUE
        WHEN o.asthma_overlap AND seen THEN FALSE
    END AS asthma_overlap,
    CASE
        WHEN o.diagnosis_check
            THEN (coalesce(measured.lowest_ratio >= 0.7, TRUE) AND NOT coalesce(condition_facts.coded_obstruction, FALSE))
            OR coalesce(measured.smoking_status = 'never' AND facts.age < 40, FALSE)
    END AS diagnosis_check,
    o.severe_exacerbations AS severe_observable,
    o.ed_only_exacerbations AS ed_observable,
    CASE WHEN o.moderate_exacerbations AND (moderate_12m > 0 OR seen) THEN moderate_12m END
    AS moderate_exacerbations_12m,
    CASE WHEN o.severe_exacerbations THEN severe_12m END AS severe_exacerbations_12m,
    CASE WHEN o.ed_only_exacerbations THEN ed_only_12m END AS ed_only_exacerbations_12m,
    CASE
        WHEN o.moderate_exacerbations AND o.severe_exacerbations AND (moderate_12m > 0 OR seen)
            THEN moderate_12m + severe_12m + ed_only_12m
    END AS exacerbations_12m,
    CASE WHEN o.moderate_exacerbations AND (moderate_12m > 0 OR seen) THEN treated_12m END
    AS treated_exacerbations_12m,
    CASE WHEN o.moderate_exacerbations AND (moderate_12m > 0 OR seen) THEN moderate_12m_excl_rescue END
    AS moderate_exacerbations_12m_excl_rescue,
    CASE
        WHEN o.moderate_exacerbations AND o.severe_exacerbations AND (moderate_12m > 0 OR seen)
            THEN any_12m_excl_rescue
    END AS exacerbations_12m_excl_rescue,
    CASE WHEN o.moderate_exacerbations AND (moderate_24m > 0 OR seen) THEN moderate_24m END
    AS moderate_exacerbations_24m,
    CASE WHEN o.severe_exacerbations THEN severe_24m END AS severe_exacerbations_24m,
    CASE
        WHEN o.moderate_exacerbations AND o.severe_exacerbations AND (moderate_24m > 0 OR seen) THEN any_24m
    END AS exacerbations_24m,
    CASE WHEN facts.severe_ever OR o.severe_exacerbations THEN facts.severe_ever END AS severe_ever,
    facts.last_exacerbation_date,
    facts.last_severe_date,
    CAST(date_diff('day', facts.last_exacerbation_date, $index) AS INTEGER) AS days_since_last_exacerbation,
    facts.evidence_12m AS exacerbation_evidence_12m,
    CAST(measured.coded_exacerbation_count AS INTEGER) AS coded_exacerbation_count,
    measured.coded_exacerbation_count_date,
    CASE WHEN o.severe_exacerbations THEN CAST(emergency_copd_admissions_12m AS INTEGER) END
    AS emergency_copd_admissions_12m,
    CASE WHEN o.severe_exacerbations THEN CAST(emergency_admissions_12m AS INTEGER) END AS emergency_admissions_12m,
    CASE WHEN o.ed_only_exacerbations THEN CAST(ed_attendances_12m AS INTEGER) END AS ed_attendances_12m,
    CASE WHEN o.severe_exacerbations THEN CAST(bed_days_12m AS INTEGER) END AS bed_days_12m,
    CASE WHEN o.severe_exacerbations THEN CAST(readmissions_30d_12m AS INTEGER) END AS readmissions_30d_12m,
    CASE WHEN o.severe_exacerbations THEN CAST(readmissions_90d_12m AS INTEGER) END AS readmissions_90d_12m,
    CASE WHEN o.severe_exacerbations THEN currently_admitted END AS currently_admitted,
    hospital_facts.last_discharge_date,
    CAST(measured.mrc AS INTEGER) AS mrc,
    measured.mrc_date,
    CAST(measured.cat AS INTEGER) AS cat,
    measured.cat_date,
    measured.fev1_litres,
    measured.fev1_litres_date,
    measured.fev1_pct_predicted,
    measured.fev1_pct_date,
    measured.fev1_pct_source,
    measured.fev1_fvc_ratio,
    measured.fev1_fvc_ratio_date,
    measured.fvc_litres,
    measured.height_cm,
    measured.bmi,
    measured.bmi_date,
    measured.smoking_status,
    measured.smoking_date,
    measured.eosinophils,
    measured.eosinophils_date,
    measured.spo2,
    measured.spo2_date,
    measured.frailty,
    measured.frailty_date,
    CASE WHEN o.inhaler_class AND (medicine_facts.inhaler_class <> 'none' OR seen) THEN medicine_facts.inhaler_class END
    AS inhaler_class,
    CASE WHEN o.lama AND (medicine_facts.lama OR seen) THEN coalesce(medicine_facts.lama, FALSE) END AS lama,
    CASE WHEN o.laba AND (medicine_facts.laba OR seen) THEN coalesce(medicine_facts.laba, FALSE) END AS laba,
    CASE WHEN o.ics AND (medicine_facts.ics OR seen) THEN coalesce(medicine_facts.ics, FALSE) END AS ics,
    CASE WHEN o.saba AND (medicine_facts.saba OR seen) THEN coalesce(medicine_facts.saba, FALSE) END AS saba,
    CASE WHEN o.sama AND (medicine_facts.sama OR seen) THEN coalesce(medicine_facts.sama, FALSE) END AS sama,
    medicine_facts.last_inhaler_date,
    CASE WHEN o.statin AND (medicine_facts.statin OR seen) THEN coalesce(medicine_facts.statin, FALSE) END
    AS statin,
    medicine_facts.statin_date,
    CASE WHEN o.mucolytic AND (medicine_facts.mucolytic OR seen) THEN coalesce(medicine_facts.mucolytic, FALSE) END
    AS mucolytic,
    CASE WHEN o.theophylline AND (medicine_facts.theophylline OR seen) THEN coalesce(medicine_facts.theophylline, FALSE) END
    AS theophylline,
    CASE WHEN o.ocs_courses_12m AND (medicine_facts.ocs_courses_12m > 0 OR seen) THEN CAST(medicine_facts.ocs_courses_12m AS INTEGER) END
    AS ocs_courses_12m,
    CASE WHEN o.antibiotic_courses_12m AND (medicine_facts.antibiotic_courses_12m > 0 OR seen) THEN CAST(medicine_facts.antibiotic_courses_12m AS INTEGER) END
    AS antibiotic_courses_12m,
    CASE WHEN o.saba_issues_12m AND (medicine_facts.saba_issues_12m > 0 OR seen) THEN CAST(medicine_facts.saba_issues_12m AS INTEGER) END
    AS saba_issues_12m,
    CASE WHEN o.azithromycin_prophylaxis AND (medicine_facts.azithromycin_prophylaxis OR seen) THEN coalesce(medicine_facts.azithromycin_prophylaxis, FALSE) END
    AS azithromycin_prophylaxis,
    CASE WHEN o.maintenance_steroid AND (medicine_facts.maintenance_steroid OR seen) THEN coalesce(medicine_facts.maintenance_steroid, FALSE) END
    AS maintenance_steroid,
    CASE WHEN o.home_oxygen AND (medicine_facts.home_oxygen OR seen) THEN coalesce(medicine_facts.home_oxygen, FALSE) END
    AS home_oxygen,
    medicine_facts.home_oxygen_date,
    CASE WHEN o.rescue_pack_12m AND (medicine_facts.rescue_pack_12m OR seen) THEN coalesce(medicine_facts.rescue_pack_12m, FALSE) END
    AS rescue_pack_12m,
    CASE WHEN o.asthma AND (condition_facts.asthma OR seen) THEN coalesce(condition_facts.asthma, FALSE) END
    AS asthma,
    CASE WHEN o.anxiety AND (condition_facts.anxiety OR seen) THEN coalesce(condition_facts.anxiety, FALSE) END
    AS anxiety,
    CASE WHEN o.depression AND (condition_facts.depression OR seen) THEN coalesce(condition_facts.depression, FALSE) END
    AS depression,
    CASE WHEN o.hypertension AND (condition_facts.hypertension OR seen) THEN coalesce(condition_facts.hypertension, FALSE) END
    AS hypertension,
    CASE WHEN o.heart_failure AND (condition_facts.heart_failure OR seen) THEN coalesce(condition_facts.heart_failure, FALSE) END
    AS heart_failure,
    CASE WHEN o.stroke AND (condition_facts.stroke OR seen) THEN coalesce(condition_facts.stroke, FALSE) END
    AS stroke,
    CASE WHEN o.ischaemic_heart_disease AND (condition_facts.ischaemic_heart_disease OR seen) THEN coalesce(condition_facts.ischaemic_heart_disease, FALSE) END
    AS ischaemic_heart_disease,
    CASE WHEN o.cerebrovascular_disease AND (condition_facts.cerebrovascular_disease OR seen) THEN coalesce(condition_facts.cerebrovascular_disease, FALSE) END
    AS cerebrovascular_disease,
    CASE WHEN o.gord AND (condition_facts.gord OR seen) THEN coalesce(condition_facts.gord, FALSE) END
    AS gord,
    CASE WHEN o.sleep_apnoea AND (condition_facts.sleep_apnoea OR seen) THEN coalesce(condition_facts.sleep_apnoea, FALSE) END
    AS sleep_apnoea,
    CASE WHEN o.ckd AND (condition_facts.ckd OR seen) THEN coalesce(condition_facts.ckd, FALSE) END AS ckd,
    CASE WHEN o.bronchiectasis AND (condition_facts.bronchiectasis OR seen) THEN coalesce(condition_facts.bronchiectasis, FALSE) END
    AS bronchiectasis,
    CASE WHEN o.osteoporosis AND (condition_facts.osteoporosis OR seen) THEN coalesce(condition_facts.osteoporosis, FALSE) END
    AS osteoporosis,
    CASE WHEN o.pneumonia AND (condition_facts.pneumonia OR seen) THEN coalesce(condition_facts.pneumonia, FALSE) END
    AS pneumonia,
    CASE WHEN o.eczema AND (condition_facts.eczema OR seen) THEN coalesce(condition_facts.eczema, FALSE) END
    AS eczema,
    CASE WHEN o.allergic_rhinitis AND (condition_facts.allergic_rhinitis OR seen) THEN coalesce(condition_facts.allergic_rhinitis, FALSE) END
    AS allergic_rhinitis,
    CASE WHEN o.diabetes AND (condition_facts.diabetes OR seen) THEN coalesce(condition_facts.diabetes, FALSE) END
    AS diabetes,
    CASE WHEN o.dementia AND (condition_facts.dementia OR seen) THEN coalesce(condition_facts.dementia, FALSE) END
    AS dementia,
    CASE WHEN o.learning_disability AND (condition_facts.learning_disability OR seen) THEN coalesce(condition_facts.learning_disability, FALSE) END
    AS learning_disability,
    CASE WHEN o.lung_cancer AND (condition_facts.lung_cancer OR seen) THEN coalesce(condition_facts.lung_cancer, FALSE) END
    AS lung_cancer,
    CASE WHEN o.cor_pulmonale AND (condition_facts.cor_pulmonale OR seen) THEN coalesce(condition_facts.cor_pulmonale, FALSE) END
    AS cor_pulmonale,
    CASE WHEN o.charlson_age_adjusted AND seen THEN condition_facts.charlson_age_adjusted END
    AS charlson_age_adjusted,
    care_facts.last_copd_review_date,
    CASE WHEN o.copd_review_15m AND (care_facts.copd_review_15m OR seen) THEN care_facts.copd_review_15m END
    AS copd_review_15m,
    care_facts.pr_status,
    care_facts.pr_status_date,
    care_facts.self_management_plan_date,
    CASE WHEN o.flu_vaccine_this_season AND (care_facts.flu_vaccine_this_season OR seen) THEN coalesce(care_facts.flu_vaccine_this_season, FALSE) END
    AS flu_vaccine_this_season,
    CASE WHEN o.pneumococcal_vaccine_ever AND (care_facts.pneumococcal_vaccine_ever OR seen) THEN coalesce(care_facts.pneumococcal_vaccine_ever, FALSE) END
    AS pneumococcal_vaccine_ever,
    care_facts.inhaler_technique_date,
    care_facts.smoking_support_date,
    CASE
        WHEN coalesce(living_facts.palliative, FALSE) OR coalesce(flag_facts.palliative, FALSE) THEN TRUE
        WHEN o.palliative AND seen THEN FALSE
    END AS palliative,
    CASE
        WHEN coalesce(living_facts.care_home, FALSE) OR coalesce(flag_facts.care_home, FALSE) THEN TRUE
        WHEN o.care_home AND seen THEN FALSE
    END AS care_home,
    CASE
        WHEN coalesce(living_facts.housebound, FALSE) OR coalesce(flag_facts.housebound, FALSE) THEN TRUE
        WHEN o.housebound AND seen THEN FALSE
    END AS housebound,
    CASE
        WHEN coalesce(living_facts.interpreter_needed, FALSE) OR coalesce(flag_facts.interpreter_needed, FALSE) THEN TRUE
        WHEN o.interpreter_needed AND seen THEN FALSE
    END AS interpreter_needed,
    CASE
        WHEN coalesce(living_facts.has_carer, FALSE) OR coalesce(flag_facts.has_carer, FALSE) THEN TRUE
        WHEN o.has_carer AND seen THEN FALSE
    END AS has_carer,
    CASE WHEN flag_facts.no_device THEN TRUE END AS no_device,
    CASE WHEN o.declined_app THEN coalesce(flag_facts.declined_app, FALSE) END AS declined_app,
    CASE WHEN o.gp_nominated THEN coalesce(flag_facts.gp_nominated, FALSE) END AS gp_nominated,
    CASE WHEN o.on_clinic_caseload THEN coalesce(flag_facts.on_clinic_caseload, FALSE) END AS on_clinic_caseload,
    CASE
        WHEN coalesce(living_facts.uses_digital_tool, FALSE) OR coalesce(flag_facts.app_registered, FALSE) THEN TRUE
        WHEN o.app_registered THEN FALSE
    END AS app_registered,
    concat_ws(
        '; ',
        $unobservable,
        CASE WHEN no_recent_data THEN 'absence in the GP record: no recent GP data' END
    ) AS unobservable
FROM facts
CROSS JOIN observable AS o
INNER JOIN measurement_facts AS measured ON facts.patient_id = measured.patient_id
INNER JOIN medicine_facts ON facts.patient_id = medicine_facts.patient_id
INNER JOIN condition_facts ON facts.patient_id = condition_facts.patient_id
INNER JOIN care_facts ON facts.patient_id = care_facts.patient_id
INNER JOIN hospital_facts ON facts.patient_id = hospital_facts.patient_id
LEFT JOIN living_facts ON facts.patient_id = living_facts.patient_id
LEFT JOIN flag_facts ON facts.patient_id = flag_facts.patient_id
