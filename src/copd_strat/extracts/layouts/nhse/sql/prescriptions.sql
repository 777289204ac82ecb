-- Medicines of the GDPPR journal. Nothing marks a medicine but its code and the prescription columns, which
-- may be empty: every row that does not say it is a condition may be an issue, and the code lists decide.
-- VALUE1_PRESCRIPTION is read as the quantity, VALUE2_PRESCRIPTION as the days of the course [unconfirmed].
SELECT
    NHS_NUMBER_DEID AS patient_id,
    coalesce(DATE, RECORD_DATE) AS issue_date,
    CODE AS dmd_code,
    VALUE1_PRESCRIPTION AS quantity,
    VALUE2_PRESCRIPTION AS duration_days,
    RECORD_DATE AS recorded_date
FROM nhse_gdppr
WHERE coalesce(VALUE1_CONDITION, VALUE2_CONDITION) IS NULL AND EPISODE_CONDITION IS NULL
