-- Practices are the care sites that persons belong to, under the codes that the patients' SELECT gives them; one
-- that the site describes itself is left to that description. OMOP holds no networks.
WITH practices AS (
    SELECT
        CASE
            WHEN regexp_matches(care_site_source_value, '^[A-Z][0-9A-Z]{4,5}$') THEN care_site_source_value
            ELSE 'S' || lpad(care_site_id, 5, '0')
        END AS practice_id,
        care_site_name AS practice_name
    FROM omop_care_site
    SEMI JOIN omop_person ON omop_care_site.care_site_id = omop_person.care_site_id
)

SELECT
    practices.practice_id,
    practices.practice_name,
    CAST(NULL AS VARCHAR) AS pcn,
    CAST(NULL AS VARCHAR) AS sub_icb,
    CAST(NULL AS VARCHAR) AS icb,
    CAST(NULL AS DATE) AS valid_from,
    CAST(NULL AS DATE) AS valid_to
FROM practices
ANTI JOIN omop_organisations AS described ON practices.practice_id = described.practice_id
