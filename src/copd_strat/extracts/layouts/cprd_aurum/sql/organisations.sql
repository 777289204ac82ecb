-- Practices of CPRD are anonymous; one that the site describes itself is left to that description.
WITH practices AS (
    SELECT 'P' || lpad(pracid, 5, '0') AS practice_id
    FROM cprd_aurum_practice
)

SELECT
    practices.practice_id,
    CAST(NULL AS VARCHAR) AS practice_name,
    CAST(NULL AS VARCHAR) AS pcn,
    CAST(NULL AS VARCHAR) AS sub_icb,
    CAST(NULL AS VARCHAR) AS icb,
    CAST(NULL AS DATE) AS valid_from,
    CAST(NULL AS DATE) AS valid_to
FROM practices
ANTI JOIN cprd_aurum_organisations AS described ON practices.practice_id = described.practice_id
