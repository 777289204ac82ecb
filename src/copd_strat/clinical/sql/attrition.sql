-- How the register was reached, step by step: who remains, and who each step left out.
-- Opted-out people must not be in the extract at all: the run stops before this table if they are.
-- Source: docs/decisions.md §5, §37.
WITH steps AS (
    SELECT 1 AS step_order, 'in the extract' AS step, count(*) AS remaining FROM eligibility
    UNION ALL
    SELECT 2, 'COPD diagnosed by the index date', count(*) FROM eligibility WHERE ever_diagnosed
    UNION ALL
    SELECT 3, 'COPD not resolved since', count(*) FROM eligibility WHERE unresolved
    UNION ALL
    SELECT 4, 'year of birth known and possible', count(*) FROM eligibility
    WHERE unresolved AND possible_age
    UNION ALL
    SELECT 5, 'aged 35 or over at the index date', count(*) FROM eligibility
    WHERE unresolved AND possible_age AND aged_35_or_over
    UNION ALL
    SELECT 6, 'alive on the run date', count(*) FROM eligibility
    WHERE unresolved AND possible_age AND aged_35_or_over AND alive
    UNION ALL
    SELECT 7, 'registered on the run date', count(*) FROM eligibility
    WHERE unresolved AND possible_age AND aged_35_or_over AND alive AND registered
)

SELECT
    step_order,
    step,
    remaining,
    coalesce(lag(remaining) OVER (ORDER BY step_order) - remaining, 0) AS excluded
FROM steps
ORDER BY step_order
