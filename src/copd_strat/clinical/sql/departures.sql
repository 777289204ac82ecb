-- Why people with a COPD diagnosis are not on the register, first reason that applies:
-- the lists say it of those who were listed last time.
-- Source: docs/decisions.md §3, §5.
SELECT
    people.patient_id,
    CASE
        WHEN NOT alive THEN 'died'
        WHEN NOT registered THEN 'moved'
        WHEN NOT unresolved THEN 'COPD resolved'
        WHEN NOT possible_age THEN 'year of birth not known or impossible'
        ELSE 'under 35 at the index date'
    END AS reason
FROM eligibility
INNER JOIN people ON eligibility.patient = people.patient
WHERE ever_diagnosed AND NOT (
    alive AND registered AND unresolved AND possible_age AND aged_35_or_over
)
