-- Days on which an oral steroid was issued as part of a steady supply, however it is packed: a stretch of at
-- least 4 gaps and 84 days in which the amount issued, spread over the days to the next issue, stays at 10 mg a day
-- or less and within a factor of 1.5. A stretch is the shortest such one from an issue on.
-- Every issue of known amount takes part in series 'all'; in series 'no course' only those that are not the size of
-- a course, so that a real course in between does not hide the long-term treatment around it.
-- An issue the size of a course fits only from 5 mg a day, one of its tablets, on: courses months apart are no
-- supply of a fraction of a tablet, however regular.
-- Source: docs/decisions.md §40 (project choice, needs clinical sign-off).
WITH series AS (
    SELECT 'all' AS series, patient, event_date, amount, course_sized
    FROM steroid_issues
    WHERE amount > 0
    UNION ALL
    SELECT 'no course', patient, event_date, amount, course_sized
    FROM steroid_issues
    WHERE amount > 0 AND NOT course_sized
),

days AS (
    SELECT
        series,
        patient,
        event_date,
        date_diff('day', DATE '1900-01-01', event_date) AS day,
        sum(amount) AS amount,
        bool_or(course_sized) AS course_sized
    FROM series
    GROUP BY series, patient, event_date
),

gaps AS (
    SELECT
        series,
        patient,
        event_date,
        day,
        course_sized,
        next_day,
        amount / (next_day - day) AS daily_amount
    FROM (
        SELECT *, lead(day) OVER (PARTITION BY series, patient ORDER BY day) AS next_day
        FROM days
    ) AS followed
),

judged AS (
    SELECT
        *,
        daily_amount <= 10 AND (daily_amount >= 5 OR NOT course_sized) AS fits
    FROM gaps
),

-- The stretch from each issue on: its next four gaps and all that begin before 84 days have passed.
stretches AS (
    SELECT
        series,
        patient,
        event_date,
        day,
        count(next_day) OVER four_gaps AS gaps,
        greatest(max(next_day) OVER four_gaps, max(next_day) OVER twelve_weeks) AS end_day,
        bool_and(fits) OVER four_gaps AND bool_and(fits) OVER twelve_weeks AS all_fit,
        greatest(max(daily_amount) OVER four_gaps, max(daily_amount) OVER twelve_weeks) AS highest,
        least(min(daily_amount) OVER four_gaps, min(daily_amount) OVER twelve_weeks) AS lowest
    FROM judged
    WINDOW
        four_gaps AS (
            PARTITION BY series, patient ORDER BY day ROWS BETWEEN CURRENT ROW AND 3 FOLLOWING
        ),
        twelve_weeks AS (
            PARTITION BY series, patient ORDER BY day RANGE BETWEEN CURRENT ROW AND 83 FOLLOWING
        )
),

reached AS (
    SELECT
        series,
        patient,
        event_date,
        day,
        max(
            CASE WHEN gaps = 4 AND all_fit AND end_day - day >= 84 AND highest <= 1.5 * lowest THEN end_day END
        ) OVER (PARTITION BY series, patient ORDER BY day ROWS UNBOUNDED PRECEDING) AS supplied_to
    FROM stretches
)

SELECT series, patient, event_date
FROM reached
WHERE day <= supplied_to
