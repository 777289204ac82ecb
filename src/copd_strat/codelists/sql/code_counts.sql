-- How often each code stands in the extract, by source, and whether a list knows it: as it is written, and once
-- its leading zeros are gone (an SCTID or dm+d id never begins with 0; Release File Specification of SNOMED CT).
-- An issue whose code is of another system has that system's name before it, and a colon.
-- Small: an extract of any size holds some thousands of distinct codes. Counted as written first; a missing
-- code system is filled in on the counts, not on every event.
WITH written AS (
    SELECT 'gp_events' AS source, code_system, code, count(*) AS events
    FROM gp_events
    GROUP BY code_system, code
    UNION ALL
    SELECT
        'prescriptions' AS source,
        CASE WHEN dmd_code LIKE '%:%' THEN split_part(dmd_code, ':', 1) ELSE 'dmd' END AS code_system,
        dmd_code AS code,
        count(*) AS events
    FROM prescriptions
    GROUP BY dmd_code
),

counted AS (
    SELECT
        source,
        coalesce(code_system, 'snomed') AS code_system,
        code,
        CAST(sum(events) AS BIGINT) AS events
    FROM written
    GROUP BY source, coalesce(code_system, 'snomed'), code
),

listed AS (SELECT DISTINCT code_system, code FROM codes)

SELECT
    counted.source,
    counted.code_system,
    counted.code,
    counted.events,
    listed.code IS NOT NULL AS known,
    bare.code IS NOT NULL AS known_without_zeros
FROM counted
LEFT JOIN listed ON counted.code_system = listed.code_system AND counted.code = listed.code
LEFT JOIN listed AS bare
    ON counted.code_system = bare.code_system
    AND counted.code_system IN ('snomed', 'dmd')
    AND counted.code LIKE '0%'
    AND regexp_replace(counted.code, '^0+', '') = bare.code
