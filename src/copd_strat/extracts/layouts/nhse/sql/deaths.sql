-- Registered deaths, one row a person: the contract keeps the earliest registration (BHF Data Science Centre,
-- deaths curation).
SELECT DEC_CONF_NHS_NUMBER_CLEAN_DEID AS patient_id, REG_DATE_OF_DEATH AS death_date
FROM nhse_deaths
