-- Practices of SystmOne that have registrations; networks are not read. One that the site describes itself is left to
-- that description.
SELECT
    practices.ID AS practice_id,
    practices.Name AS practice_name,
    CAST(NULL AS VARCHAR) AS pcn,
    CAST(NULL AS VARCHAR) AS sub_icb,
    CAST(NULL AS VARCHAR) AS icb,
    CAST(NULL AS DATE) AS valid_from,
    CAST(NULL AS DATE) AS valid_to
FROM tpp_srorganisation AS practices
SEMI JOIN tpp_srpatientregistration AS registered ON practices.ID = registered.IDOrganisation
ANTI JOIN tpp_organisations AS described ON practices.ID = described.practice_id
WHERE regexp_matches(practices.ID, '^[A-Z][0-9A-Z]{4,5}$')
