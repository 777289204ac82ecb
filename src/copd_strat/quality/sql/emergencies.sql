-- Hospital episodes whose admission method is known, and those of them that are emergencies.
-- Source: NHS Data Dictionary, admission method: 2x is an emergency, 98 and 99 are not known.
SELECT
    count(*) AS known,
    count(CASE WHEN trim(admission_method) LIKE '2%' THEN 1 END) AS emergencies
FROM hospital_episodes
WHERE trim(admission_method) NOT IN ('', '98', '99')
