-- GP events of the GDPPR journal. The date of entry stands in for a missing date of the event (as the Imperial
-- group does with CPRD Aurum: NHLI-Respiratory-Epi, drop_observations.do). Local TPP codes are a letter Y and
-- four characters; namespace 1000006 in a long id is EMIS-local. A row that says it is a prescription is none.
SELECT
    NHS_NUMBER_DEID AS patient_id,
    coalesce(DATE, RECORD_DATE) AS event_date,
    CODE AS code,
    CASE
        WHEN regexp_matches(CODE, '^Y[0-9A-Za-z]{4}$') THEN 'tpp'
        WHEN length(CODE) >= 16 AND substr(CODE, length(CODE) - 9, 7) = '1000006' THEN 'emis'
        ELSE 'snomed'
    END AS code_system,
    VALUE1_CONDITION AS value,
    CAST(NULL AS VARCHAR) AS unit,
    RECORD_DATE AS recorded_date
FROM nhse_gdppr
WHERE coalesce(VALUE1_PRESCRIPTION, VALUE2_PRESCRIPTION) IS NULL AND EPISODE_PRESCRIPTION IS NULL
