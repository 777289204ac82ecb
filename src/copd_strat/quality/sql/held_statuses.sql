-- What the accepted rows themselves say of the register, counted without anything that the clinical room worked out:
-- the second count of GATE13 and GATE14.
-- Source: docs/decisions.md §5 (aged 35 or more, alive), §32, §39.
WITH dead AS (
    SELECT patient_id FROM deaths WHERE death_date <= $as_of OR death_date IS NULL
    UNION
    SELECT patient_id FROM patients
    WHERE death_date <= $as_of AND coalesce(year(death_date) >= birth_year, TRUE)
),

oldest AS (
    SELECT patient_id, min(birth_year) AS birth_year FROM patients GROUP BY patient_id
),

in_hospital AS (
    SELECT count(*) AS patients
    FROM (SELECT DISTINCT hospital_episodes.patient_id FROM hospital_episodes SEMI JOIN patients USING (patient_id))
)

SELECT
    count(CASE WHEN features.patient_id IN (SELECT patient_id FROM dead) THEN 1 END) AS dead,
    count(CASE WHEN oldest.birth_year > year(features.index_date) - 35 THEN 1 END) AS under_35,
    count(CASE WHEN features.severe_observable THEN 1 END) AS severe_observable,
    max(in_hospital.patients) AS in_hospital
FROM features
INNER JOIN oldest ON features.patient_id = oldest.patient_id
CROSS JOIN in_hospital
