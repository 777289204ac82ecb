-- Registered deaths linked by CPRD, one row a person: the contract keeps the best match. Where the day of death is
-- only partly known the day of registration stands in: it is never too early to stop listing somebody.
SELECT patid AS patient_id, coalesce(dod, dor) AS death_date
FROM cprd_aurum_death_patient
