-- Deaths up to the index.
-- Source: docs/decisions.md §3.
SELECT *
FROM whole_deaths
WHERE death_date <= $index
