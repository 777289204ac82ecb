-- GP events as they came. An event without a code system is SNOMED CT, the only vocabulary that new GP records
-- are written in (docs/decisions.md §30).
SELECT * REPLACE (lower(coalesce(code_system, 'snomed')) AS code_system)
FROM native_gp_events
