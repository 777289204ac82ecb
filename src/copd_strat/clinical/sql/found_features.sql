-- One row a register patient: what was found of each fact, whether or not it could have been found. What may
-- be shown of it is decided in one place (observability.py, by the contract of the features), which makes
-- features. Of patients whose numbers lie in one range. Names, units, windows and the meaning of a gap: the same contract.
-- Source: the tables joined here, each with its own source; docs/decisions.md §10.
SELECT
    people.patient_id,
    CAST($index AS DATE) AS index_date,
    CAST($gp_complete_to AS DATE) AS gp_complete_to,
    CAST($hospital_complete_to AS DATE) AS hospital_complete_to,
    register.* EXCLUDE (patient, birth_date),
    gp_activity.* EXCLUDE (patient),
    NOT gp_activity.no_recent_data AS live_record,
    $severe_observable AS severe_observable,
    $ed_observable AS ed_observable,
    exacerbation_facts.* EXCLUDE (patient),
    exacerbation_evidence.* EXCLUDE (patient),
    date_diff('day', exacerbation_facts.last_exacerbation_date, $index) AS days_since_last_exacerbation,
    hospital_facts.* EXCLUDE (patient),
    measurement_facts.* EXCLUDE (patient, lowest_ratio),
    medicine_facts.* EXCLUDE (patient),
    condition_facts.* EXCLUDE (patient, coded_obstruction),
    -- doubt about the diagnosis: no obstruction on record, or never smoked and under 40 (docs/decisions.md §5)
    (coalesce(lowest_ratio >= 0.7, TRUE) AND NOT coalesce(coded_obstruction, FALSE))
    OR coalesce(smoking_status = 'never' AND age < 40, FALSE) AS diagnosis_check,
    care_facts.* EXCLUDE (patient),
    -- a code of the record or a local flag: either says it
    living_facts.palliative OR flag_facts.palliative AS palliative,
    living_facts.care_home OR flag_facts.care_home AS care_home,
    living_facts.housebound OR flag_facts.housebound AS housebound,
    living_facts.interpreter_needed OR flag_facts.interpreter_needed AS interpreter_needed,
    living_facts.has_carer OR flag_facts.has_carer AS has_carer,
    living_facts.uses_digital_tool OR flag_facts.app_registered AS app_registered,
    -- unknown is never read as having a device
    nullif(flag_facts.no_device, FALSE) AS no_device,
    flag_facts.declined_app,
    flag_facts.gp_nominated,
    flag_facts.on_clinic_caseload,
    concat_ws(
        '; ',
        $unobservable,
        CASE WHEN gp_activity.no_recent_data THEN 'absence in the GP record: no recent GP data' END
    ) AS unobservable
FROM register
INNER JOIN people ON register.patient = people.patient
INNER JOIN gp_activity ON register.patient = gp_activity.patient
INNER JOIN measurement_facts ON register.patient = measurement_facts.patient
INNER JOIN medicine_facts ON register.patient = medicine_facts.patient
INNER JOIN condition_facts ON register.patient = condition_facts.patient
INNER JOIN care_facts ON register.patient = care_facts.patient
INNER JOIN hospital_facts ON register.patient = hospital_facts.patient
LEFT JOIN exacerbation_facts ON register.patient = exacerbation_facts.patient
LEFT JOIN exacerbation_evidence ON register.patient = exacerbation_evidence.patient
LEFT JOIN living_facts ON register.patient = living_facts.patient
LEFT JOIN flag_facts ON register.patient = flag_facts.patient
WHERE register.patient > $above AND register.patient <= $up_to
