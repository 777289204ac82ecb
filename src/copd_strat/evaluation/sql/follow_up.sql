-- The twelve months after the index of everybody on the register then: first exacerbation of any kind and
-- first severe one, death, leaving.
-- A day counts if it lies in (index, horizon]; what came later is not looked at. Who left on the horizon's day
-- was followed to it. Who died within 31 days of
-- leaving was taken off the list because of it (project choice), so that the death counts, not the leaving.
-- Source: docs/decisions.md §1, §7.
WITH later AS (
    SELECT
        patient_id,
        min(start_date) AS any_on,
        min(CASE WHEN severity = 'severe' THEN start_date END) AS severe_on,
        count(*) AS any_events,
        count(CASE WHEN severity = 'severe' THEN 1 END) AS severe_events
    FROM observed_exacerbations
    WHERE start_date > $index AND start_date <= $horizon
    GROUP BY patient_id
)

SELECT
    then_register.patient_id,
    later.any_on,
    later.severe_on,
    coalesce(later.any_events, 0) AS any_events,
    coalesce(later.severe_events, 0) AS severe_events,
    CASE WHEN ends.death_date <= $horizon THEN ends.death_date END AS died_on,
    CASE
        WHEN ends.left_on < $horizon
            AND coalesce(ends.death_date > ends.left_on + INTERVAL 31 DAY, TRUE)
            THEN ends.left_on
    END AS left_on
FROM then_register
LEFT JOIN later ON then_register.patient_id = later.patient_id
LEFT JOIN observed_ends AS ends ON then_register.patient_id = ends.patient_id
ORDER BY then_register.patient_id
