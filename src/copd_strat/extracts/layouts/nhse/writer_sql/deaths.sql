-- Civil registration of deaths: days as yyyymmdd text, registered nine days after the death.
SELECT
    patient_id AS DEC_CONF_NHS_NUMBER_CLEAN_DEID,
    strftime(death_date + INTERVAL 9 DAY, '%Y%m%d') AS REG_DATE,
    strftime(death_date, '%Y%m%d') AS REG_DATE_OF_DEATH,
    'J449' AS S_UNDERLYING_COD_ICD10
FROM deaths
ORDER BY patient_id
