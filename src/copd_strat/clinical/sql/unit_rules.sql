-- How a reading is converted, by measure and unit as written ('' where none is told): one row each, with a factor
-- for small values and, where size decides what was meant, one for large values.
-- Source: data/units.csv; docs/decisions.md §33.
WITH spellings AS (
    SELECT unit, spelling FROM unit_spellings
    UNION ALL
    SELECT '', ''
)

SELECT
    units.measure,
    spellings.unit,
    max(units.becomes) AS becomes,
    max(CASE WHEN units.above IS NULL THEN units.factor END) AS factor,
    max(CASE WHEN units.above IS NULL THEN coalesce(units.at_most, 1e9) END) AS at_most,
    max(CASE WHEN units.above IS NOT NULL THEN units.factor END) AS large_factor,
    max(units.above) AS large_above,
    max(CASE WHEN units.above IS NOT NULL THEN coalesce(units.at_most, 1e9) END) AS large_at_most
FROM units
INNER JOIN spellings ON coalesce(units.spelling, '') = spellings.spelling
GROUP BY units.measure, spellings.unit
