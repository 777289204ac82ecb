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
        happened.evidence_12m,
        happened.moderate_evidence_12m
    FROM register
    INNER JOIN gp_activity ON register.patient = gp_activity.patient
    LEFT JOIN exacerbation_facts AS happened ON register.patient = happened.patient
)

SELECT
    people.patient_id,
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
        WHEN c.asthma OR c.coded_overlap THEN TRUE
        WHEN o.asthma_overlap AND seen THEN FALSE
    END AS asthma_overlap,
    CASE
        WHEN o.diagnosis_check
            THEN
            (coalesce(measured.lowest_ratio >= 0.7, TRUE) AND NOT coalesce(c.coded_obstruction, FALSE))
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
    facts.moderate_evidence_12m,
    CAST(measured.coded_exacerbation_count AS INTEGER) AS coded_exacerbation_count,
    measured.coded_exacerbation_count_date,
    CASE WHEN o.severe_exacerbations THEN hospital.emergency_copd_admissions_12m END
    AS emergency_copd_admissions_12m,
    CASE WHEN o.severe_exacerbations THEN hospital.emergency_admissions_12m END AS emergency_admissions_12m,
    CASE WHEN o.ed_only_exacerbations THEN hospital.ed_attendances_12m END AS ed_attendances_12m,
    CASE WHEN o.severe_exacerbations THEN hospital.bed_days_12m END AS bed_days_12m,
    CASE WHEN o.severe_exacerbations THEN hospital.readmissions_30d_12m END AS readmissions_30d_12m,
    CASE WHEN o.severe_exacerbations THEN hospital.readmissions_90d_12m END AS readmissions_90d_12m,
    CASE WHEN o.severe_exacerbations THEN hospital.currently_admitted END AS currently_admitted,
    hospital.last_discharge_date,
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
    CASE WHEN m.inhaler_class <> 'none' OR (o.inhaler_class AND seen) THEN m.inhaler_class END
    AS inhaler_class,
    CASE WHEN m.lama THEN TRUE WHEN o.lama AND seen THEN FALSE END AS lama,
    CASE WHEN m.laba THEN TRUE WHEN o.laba AND seen THEN FALSE END AS laba,
    CASE WHEN m.ics THEN TRUE WHEN o.ics AND seen THEN FALSE END AS ics,
    CASE WHEN m.saba THEN TRUE WHEN o.saba AND seen THEN FALSE END AS saba,
    CASE WHEN m.sama THEN TRUE WHEN o.sama AND seen THEN FALSE END AS sama,
    m.last_inhaler_date,
    CASE WHEN m.statin THEN TRUE WHEN o.statin AND seen THEN FALSE END AS statin,
    m.statin_date,
    CASE WHEN m.mucolytic THEN TRUE WHEN o.mucolytic AND seen THEN FALSE END AS mucolytic,
    CASE WHEN m.theophylline THEN TRUE WHEN o.theophylline AND seen THEN FALSE END AS theophylline,
    CASE WHEN m.ocs_courses_12m > 0 OR (o.ocs_courses_12m AND seen) THEN m.ocs_courses_12m END
    AS ocs_courses_12m,
    CASE
        WHEN m.antibiotic_courses_12m > 0 OR (o.antibiotic_courses_12m AND seen) THEN m.antibiotic_courses_12m
    END
    AS antibiotic_courses_12m,
    CASE WHEN m.saba_issues_12m > 0 OR (o.saba_issues_12m AND seen) THEN m.saba_issues_12m END
    AS saba_issues_12m,
    CASE
        WHEN m.azithromycin_prophylaxis THEN TRUE
        WHEN o.azithromycin_prophylaxis AND seen THEN FALSE
    END AS azithromycin_prophylaxis,
    CASE
        WHEN m.maintenance_steroid THEN TRUE
        WHEN o.maintenance_steroid AND seen THEN FALSE
    END AS maintenance_steroid,
    CASE WHEN m.home_oxygen THEN TRUE WHEN o.home_oxygen AND seen THEN FALSE END AS home_oxygen,
    m.home_oxygen_date,
    CASE WHEN m.rescue_pack_12m THEN TRUE WHEN o.rescue_pack_12m AND seen THEN FALSE END AS rescue_pack_12m,
    CASE WHEN c.asthma THEN TRUE WHEN o.asthma AND seen THEN FALSE END AS asthma,
    CASE WHEN c.anxiety THEN TRUE WHEN o.anxiety AND seen THEN FALSE END AS anxiety,
    CASE WHEN c.depression THEN TRUE WHEN o.depression AND seen THEN FALSE END AS depression,
    CASE WHEN c.hypertension THEN TRUE WHEN o.hypertension AND seen THEN FALSE END AS hypertension,
    CASE WHEN c.heart_failure THEN TRUE WHEN o.heart_failure AND seen THEN FALSE END AS heart_failure,
    CASE WHEN c.stroke THEN TRUE WHEN o.stroke AND seen THEN FALSE END AS stroke,
    CASE
        WHEN c.ischaemic_heart_disease THEN TRUE
        WHEN o.ischaemic_heart_disease AND seen THEN FALSE
    END AS ischaemic_heart_disease,
    CASE
        WHEN c.cerebrovascular_disease THEN TRUE
        WHEN o.cerebrovascular_disease AND seen THEN FALSE
    END AS cerebrovascular_disease,
    CASE WHEN c.gord THEN TRUE WHEN o.gord AND seen THEN FALSE END AS gord,
    CASE WHEN c.sleep_apnoea THEN TRUE WHEN o.sleep_apnoea AND seen THEN FALSE END AS sleep_apnoea,
    CASE WHEN c.ckd THEN TRUE WHEN o.ckd AND seen THEN FALSE END AS ckd,
    CASE WHEN c.bronchiectasis THEN TRUE WHEN o.bronchiectasis AND seen THEN FALSE END AS bronchiectasis,
    CASE WHEN c.osteoporosis THEN TRUE WHEN o.osteoporosis AND seen THEN FALSE END AS osteoporosis,
    CASE WHEN c.pneumonia THEN TRUE WHEN o.pneumonia AND seen THEN FALSE END AS pneumonia,
    CASE WHEN c.eczema THEN TRUE WHEN o.eczema AND seen THEN FALSE END AS eczema,
    CASE
        WHEN c.allergic_rhinitis THEN TRUE
        WHEN o.allergic_rhinitis AND seen THEN FALSE
    END AS allergic_rhinitis,
    CASE WHEN c.diabetes THEN TRUE WHEN o.diabetes AND seen THEN FALSE END AS diabetes,
    CASE WHEN c.dementia THEN TRUE WHEN o.dementia AND seen THEN FALSE END AS dementia,
    CASE
        WHEN c.learning_disability THEN TRUE
        WHEN o.learning_disability AND seen THEN FALSE
    END AS learning_disability,
    CASE WHEN c.lung_cancer THEN TRUE WHEN o.lung_cancer AND seen THEN FALSE END AS lung_cancer,
    CASE WHEN c.cor_pulmonale THEN TRUE WHEN o.cor_pulmonale AND seen THEN FALSE END AS cor_pulmonale,
    CASE WHEN o.charlson_age_adjusted AND seen THEN c.charlson_age_adjusted END
    AS charlson_age_adjusted,
    care.last_copd_review_date,
    CASE
        WHEN care.copd_review_15m THEN TRUE
        WHEN o.copd_review_15m AND seen THEN FALSE
    END AS copd_review_15m,
    care.pr_status,
    care.pr_status_date,
    care.self_management_plan_date,
    CASE
        WHEN care.flu_vaccine_this_season THEN TRUE
        WHEN o.flu_vaccine_this_season AND seen THEN FALSE
    END AS flu_vaccine_this_season,
    CASE
        WHEN care.pneumococcal_vaccine_ever THEN TRUE
        WHEN o.pneumococcal_vaccine_ever AND seen THEN FALSE
    END AS pneumococcal_vaccine_ever,
    care.inhaler_technique_date,
    care.smoking_support_date,
    CASE
        WHEN living.palliative OR flags.palliative THEN TRUE
        WHEN o.palliative AND seen THEN FALSE
    END AS palliative,
    CASE
        WHEN living.care_home OR flags.care_home THEN TRUE
        WHEN o.care_home AND seen THEN FALSE
    END AS care_home,
    CASE
        WHEN living.housebound OR flags.housebound THEN TRUE
        WHEN o.housebound AND seen THEN FALSE
    END AS housebound,
    CASE
        WHEN living.interpreter_needed OR flags.interpreter_needed THEN TRUE
        WHEN o.interpreter_needed AND seen THEN FALSE
    END AS interpreter_needed,
    CASE
        WHEN living.has_carer OR flags.has_carer THEN TRUE
        WHEN o.has_carer AND seen THEN FALSE
    END AS has_carer,
    CASE WHEN flags.no_device THEN TRUE END AS no_device,
    CASE WHEN o.declined_app THEN coalesce(flags.declined_app, FALSE) END AS declined_app,
    CASE WHEN o.gp_nominated THEN coalesce(flags.gp_nominated, FALSE) END AS gp_nominated,
    CASE WHEN o.on_clinic_caseload THEN coalesce(flags.on_clinic_caseload, FALSE) END AS on_clinic_caseload,
    CASE
        WHEN living.uses_digital_tool OR flags.app_registered THEN TRUE
        WHEN o.app_registered THEN FALSE
    END AS app_registered,
    concat_ws(
        '; ',
        $unobservable,
        CASE WHEN no_recent_data THEN 'absence in the GP record: no recent GP data' END
    ) AS unobservable
FROM facts
INNER JOIN people ON facts.patient = people.patient
CROSS JOIN observable AS o
INNER JOIN measurement_facts AS measured ON facts.patient = measured.patient
INNER JOIN medicine_facts AS m ON facts.patient = m.patient
INNER JOIN condition_facts AS c ON facts.patient = c.patient
INNER JOIN care_facts AS care ON facts.patient = care.patient
INNER JOIN hospital_facts AS hospital ON facts.patient = hospital.patient
LEFT JOIN living_facts AS living ON facts.patient = living.patient
LEFT JOIN flag_facts AS flags ON facts.patient = flags.patient
