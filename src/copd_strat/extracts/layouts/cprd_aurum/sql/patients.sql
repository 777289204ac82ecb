-- Registrations of CPRD Aurum. CPRD's practices are numbers: P and five digits have the form of a practice code.
-- Deprivation is linked by CPRD and counted from the other end: 10 is the most deprived decile there
-- [unconfirmed], 1 here. Records that CPRD's own checks did not accept are left out, as the flag is meant.
SELECT
    registered.patid AS patient_id,
    'P' || lpad(registered.pracid, 5, '0') AS practice_id,
    CASE
        WHEN registered.gender IN ('1', 'M') THEN 'male'
        WHEN registered.gender IN ('2', 'F') THEN 'female'
        WHEN registered.gender IN ('3', 'I') THEN 'indeterminate'
        ELSE 'unknown'
    END AS sex,
    registered.yob AS birth_year,
    CASE WHEN registered.mob BETWEEN 1 AND 12 THEN registered.mob END AS birth_month,
    CAST(NULL AS VARCHAR) AS ethnicity,
    11 - areas.imd_10 AS imd_decile,
    registered.regstartdate AS registration_start,
    registered.regenddate AS registration_end,
    registered.cprd_ddate AS death_date
FROM cprd_aurum_patient AS registered
LEFT JOIN cprd_aurum_patient_imd AS areas ON registered.patid = areas.patid
WHERE registered.acceptable = '1'
