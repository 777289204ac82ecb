-- Days on which azithromycin or an oral steroid was issued as long-term treatment: never an exacerbation.
-- Three or more issues, each 21 to 45 days after the one before; the whole run is out. For azithromycin the
-- spacing alone decides. For steroids only issues whose quantity is not that of a course take part (see
-- issued_concepts.sql); strengths below 5 mg are never a course.
-- Source: docs/decisions.md §9 (no published rule was found: project choice, needs clinical sign-off);
-- data/course_concepts.csv.
WITH issues AS (
    SELECT DISTINCT patient, event_date, long_term AS drug
    FROM concept_events
    INNER JOIN course_concepts ON concept_events.concept = course_concepts.concept
    WHERE event_date <= $index
        AND long_term IS NOT NULL
        AND NOT (long_term = 'steroid' AND course_strength AND course_sized)
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
