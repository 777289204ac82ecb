-- How many of those who ever had COPD and have died each source knows, and how many it alone knows.
-- Source: docs/decisions.md §39.
WITH told AS (
    SELECT
        known_deaths.*,
        CAST(in_deaths AS INTEGER)
        + CAST(in_gp_registration AS INTEGER)
        + CAST(in_gp_codes AS INTEGER)
        + CAST(in_hospital AS INTEGER)
        + CAST(in_emergency_department AS INTEGER) AS sources
    FROM known_deaths
    SEMI JOIN copd_spans ON known_deaths.patient = copd_spans.patient
),

listed AS (
    SELECT 1 AS place, 'register of deaths' AS source, in_deaths AS known, sources FROM told
    UNION ALL
    SELECT 2, 'GP registration', in_gp_registration, sources FROM told
    UNION ALL
    SELECT 3, 'GP code', in_gp_codes, sources FROM told
    UNION ALL
    SELECT 4, 'hospital', in_hospital, sources FROM told
    UNION ALL
    SELECT 5, 'emergency department', in_emergency_department, sources FROM told
)

SELECT
    place,
    source,
    count(CASE WHEN known THEN 1 END) AS people,
    count(CASE WHEN known AND sources = 1 THEN 1 END) AS alone
FROM listed
GROUP BY place, source
ORDER BY place
