-- Local flags as known on the run date; a flag without a date stands.
-- Source: docs/decisions.md §3.
SELECT
    people.patient,
    bool_or(flag = 'gp_nominated') AS gp_nominated,
    bool_or(flag = 'no_device') AS no_device,
    bool_or(flag = 'declined_app') AS declined_app,
    bool_or(flag = 'interpreter_needed') AS interpreter_needed,
    bool_or(flag = 'on_clinic_caseload') AS on_clinic_caseload,
    bool_or(flag = 'app_registered') AS app_registered,
    bool_or(flag = 'has_carer') AS has_carer,
    bool_or(flag = 'care_home') AS care_home,
    bool_or(flag = 'housebound') AS housebound,
    bool_or(flag = 'palliative') AS palliative
FROM local_flags
INNER JOIN people ON local_flags.patient_id = people.patient_id
WHERE coalesce(flag_date <= $as_of, TRUE)
GROUP BY people.patient
