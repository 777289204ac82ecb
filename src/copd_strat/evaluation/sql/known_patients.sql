-- Registrations as they stood at the index: begun by then; an end or a death that came later was not known.
-- Sex, birth, ethnicity and deprivation have no history in the source and are today's.
-- Source: docs/decisions.md §3.
SELECT
    * REPLACE (
        CASE WHEN registration_end <= $index THEN registration_end END AS registration_end,
        CASE WHEN death_date <= $index THEN death_date END AS death_date
    )
FROM whole_patients
WHERE registration_start IS NULL OR registration_start <= $index
