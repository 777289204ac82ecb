-- Registrations are OMOP's observation periods. The standard demands an end, so a period that ends with the last
-- one of its care site still runs (project choice). A care site without a practice code is S and its number.
WITH site_ends AS (
    SELECT person.care_site_id, max(spans.observation_period_end_date) AS last_day
    FROM omop_observation_period AS spans
    INNER JOIN omop_person AS person ON spans.person_id = person.person_id
    GROUP BY person.care_site_id
)

SELECT
    person.person_id AS patient_id,
    CASE
        WHEN regexp_matches(care_site.care_site_source_value, '^[A-Z][0-9A-Z]{4,5}$')
            THEN care_site.care_site_source_value
        ELSE 'S' || lpad(person.care_site_id, 5, '0')
    END AS practice_id,
    CASE person.gender_concept_id WHEN 8507 THEN 'male' WHEN 8532 THEN 'female' ELSE 'unknown' END AS sex,
    person.year_of_birth AS birth_year,
    CASE WHEN person.month_of_birth BETWEEN 1 AND 12 THEN person.month_of_birth END AS birth_month,
    coalesce(person.race_source_value, person.ethnicity_source_value) AS ethnicity,
    CAST(NULL AS BIGINT) AS imd_decile,
    spans.observation_period_start_date AS registration_start,
    CASE
        WHEN spans.observation_period_end_date < site_ends.last_day THEN spans.observation_period_end_date
    END AS registration_end,
    CAST(NULL AS DATE) AS death_date
FROM omop_person AS person
INNER JOIN omop_observation_period AS spans ON person.person_id = spans.person_id
INNER JOIN site_ends ON person.care_site_id = site_ends.care_site_id
LEFT JOIN omop_care_site AS care_site ON person.care_site_id = care_site.care_site_id
