-- Days on which azithromycin or an oral steroid was issued as long-term treatment: never an exacerbation
-- (docs/decisions.md §9; no published rule was found, so this is a project choice that needs clinical
-- sign-off). Three or more issues, each 21 to 45 days after the one before; the whole run is out. For
-- azithromycin the spacing alone decides. For steroids only issues whose quantity is not that of a course take
-- part (see issued_concepts.sql); strengths below 5 mg are never a course.
WITH drugs AS (
    SELECT CAST(concept AS concept_category) AS concept, drug, by_size
    FROM (
        VALUES
        ('azithromycin', 'azithromycin', FALSE),
        ('ocs_low_strength', 'steroid', FALSE),
        ('ocs', 'steroid', TRUE)
    ) AS listed (concept, drug, by_size)
),

issues AS (
    SELECT DISTINCT patient, event_date, drug
    FROM concept_events
    INNER JOIN drugs ON concept_events.concept = drugs.concept
    WHERE event_date <= $index AND NOT (by_size AND course_sized)
),

spaced AS (
    SELECT
        patient,
        event_date,
        drug,
        coalesce(
            date_diff(
                'day',
                lag(event_date) OVER (PARTITION BY patient, drug ORDER BY event_date),
                event_date
            ) NOT BETWEEN 21 AND 45,
            TRUE
        ) AS starts_run
    FROM issues
),

runs AS (
    SELECT
        patient,
        event_date,
        drug,
        CAST(sum(CASE WHEN starts_run THEN 1 ELSE 0 END) OVER (
            PARTITION BY patient, drug ORDER BY event_date ROWS UNBOUNDED PRECEDING
        ) AS BIGINT) AS run
    FROM spaced
),

sized AS (
    SELECT
        patient,
        event_date,
        drug,
        count(*) OVER (PARTITION BY patient, drug, run) AS issues
    FROM runs
)

SELECT patient, event_date, drug
FROM sized
WHERE issues >= 3
