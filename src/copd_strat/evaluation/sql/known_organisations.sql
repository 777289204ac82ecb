-- Organisations as at the index: a closure that came later was not known.
-- Source: docs/decisions.md §60.
SELECT
    * REPLACE (
        CASE WHEN valid_from <= $index THEN valid_from END AS valid_from,
        CASE WHEN valid_to <= $index THEN valid_to END AS valid_to
    )
FROM whole_organisations
