-- True counts by age band and sex of each practice and month due: people on the register (indicator copd_register),
-- and the events of some of them. Nothing here is published as it stands: docs/disclosure.md, standardised rates.
SELECT
    people.month,
    people.practice_id,
    people.age_band,
    people.sex,
    'copd_register' AS indicator_id,
    CAST(count(*) AS BIGINT) AS n
FROM summary_people AS people
WHERE people.cohort = 'register'
GROUP BY people.month, people.practice_id, people.age_band, people.sex

UNION ALL

SELECT
    people.month,
    people.practice_id,
    people.age_band,
    people.sex,
    events.indicator AS indicator_id,
    CAST(sum(events.n) AS BIGINT) AS n
FROM summary_people AS people
INNER JOIN summary_events AS events
    ON events.cohort = people.cohort
    AND events.month = people.month
    AND events.patient_id = people.patient_id
INNER JOIN standardised_indicators AS wanted ON wanted.indicator = events.indicator
WHERE people.cohort = 'register'
GROUP BY people.month, people.practice_id, people.age_band, people.sex, events.indicator
