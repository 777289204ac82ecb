-- Practices of the EMIS bulk extract that have patients; networks are not sent
-- (EMIS extract specification 8.2, Admin_Organisation).
SELECT
    ODSCode AS practice_id,
    OrganisationName AS practice_name,
    CAST(NULL AS VARCHAR) AS pcn,
    CAST(NULL AS VARCHAR) AS sub_icb,
    CAST(NULL AS VARCHAR) AS icb,
    CAST(NULL AS DATE) AS valid_from,
    CAST(NULL AS DATE) AS valid_to
FROM emis_admin_organisation
SEMI JOIN emis_admin_patient
    ON emis_admin_organisation.OrganisationGuid = emis_admin_patient.OrganisationGuid
WHERE ODSCode IS NOT NULL
