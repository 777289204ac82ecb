-- Units of readings as written, each with the spelling that data/units.csv knows it by: only typography is
-- unified (case, blanks, signs for micro, times and powers); every unit that is understood stands in the table.
-- Source: docs/decisions.md §33; UCUM and the spellings of laboratory systems; data/untold_units.csv.
WITH written AS (
    SELECT DISTINCT gp_concepts.unit
    FROM gp_concepts
    SEMI JOIN measure_concepts ON gp_concepts.concept = measure_concepts.concept
    WHERE gp_concepts.unit IS NOT NULL
),

plain AS (
    SELECT
        unit,
        replace(
            -- superscripts, as in 10⁹ and m²
            translate(regexp_replace(lower(unit), '\s', '', 'g'), 'µμ×⁰¹²³⁴⁵⁶⁷⁸⁹−', 'uux0123456789-'),
            '**', '^'
        ) AS letters
    FROM written
),

powers AS (
    SELECT
        unit,
        -- x10*9, 10e9 and 10^+9 are 10^9
        regexp_replace(regexp_replace(replace(letters, '*', '^'), '^x', ''), '^10(e|[\^])[+]?', '10^') AS spelling
    FROM plain
),

signed AS (
    SELECT
        unit,
        -- a power that lost its sign, as in 10⁹, is one of 10 too
        CASE
            WHEN regexp_matches(spelling, '^10[369](/|cells)') THEN concat('10^', substr(spelling, 3))
            ELSE spelling
        END AS spelling
    FROM powers
)

SELECT
    signed.unit,
    CASE WHEN untold_units.spelling IS NULL THEN signed.spelling ELSE '' END AS spelling
FROM signed
LEFT JOIN untold_units ON signed.spelling = untold_units.spelling
