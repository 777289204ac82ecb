-- Practices of CPRD are anonymous; one that the site describes itself is left to that description.
SELECT
    practices.pracid AS practice_id,
    CAST(NULL AS VARCHAR) AS practice_name,
    CAST(NULL AS VARCHAR) AS pcn,
    CAST(NULL AS VARCHAR) AS sub_icb,
    CAST(NULL AS VARCHAR) AS icb,
    CAST(NULL AS DATE) AS valid_from,
    CAST(NULL AS DATE) AS valid_to
FROM cprd_aurum_practice AS practices
ANTI JOIN cprd_aurum_organisations AS described ON practices.pracid = described.practice_id
