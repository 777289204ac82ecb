-- The people counted in each month due: the register at month end, and those given a disposition
-- by the last run of the month (docs/decisions.md §23).
SELECT
    'register' AS cohort,
    register.month,
    register.patient_id,
    register.practice_id,
    CAST(register.sex AS VARCHAR) AS sex,
    CAST(register.age_band AS VARCHAR) AS age_band,
    CAST(register.imd_quintile AS VARCHAR) AS imd_quintile,
    CAST(register.ethnicity_group AS VARCHAR) AS ethnicity_group
FROM monthly_register AS register
INNER JOIN summary_due AS due ON due.month = register.month

UNION ALL

SELECT
    'placed' AS cohort,
    snapshot.month,
    snapshot.patient_id,
    snapshot.practice_id,
    CAST(snapshot.sex AS VARCHAR) AS sex,
    CAST(snapshot.age_band AS VARCHAR) AS age_band,
    CAST(snapshot.imd_quintile AS VARCHAR) AS imd_quintile,
    CAST(snapshot.ethnicity_group AS VARCHAR) AS ethnicity_group
FROM summary_snapshots AS snapshot
INNER JOIN summary_due AS due ON due.month = snapshot.month AND due.revision = 0
