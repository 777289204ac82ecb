-- Days on which an oral steroid was issued as part of a steady supply, however it is packed: a stretch of at
-- least 4 gaps and 84 days in which the amount issued, spread over the days to the next issue, stays at 10 mg a day
-- or less and within a factor of 1.5. All issues of such a stretch belong but the one that closes it: that one
-- only if its own supply fits as well, as far as it is known, and it is no more than 1.5 times the largest issue of
-- the shortest stretch that it closes; else it is a course.
-- Every issue of known amount takes part in series 'all'; in series 'no course' only those that are not the size of
-- a course, so that a real course in between does not hide the long-term treatment around it.
-- An issue the size of a course fits only from 5 mg a day, one of its tablets, on: courses months apart are no
-- supply of a fraction of a tablet, however regular.
-- Source: docs/decisions.md §40 (project choice, needs clinical sign-off).
WITH regular AS (
    -- four gaps need five days of issue
    SELECT patient
    FROM steroid_issues
    WHERE amount > 0
    GROUP BY patient
    HAVING count(*) >= 5
),

series AS (
    SELECT 'all' AS series, steroid_issues.patient, event_date, amount, size
    FROM steroid_issues
    SEMI JOIN regular ON steroid_issues.patient = regular.patient
    WHERE amount > 0
    UNION ALL
    SELECT 'no course', steroid_issues.patient, event_date, amount, size
    FROM steroid_issues
    SEMI JOIN regular ON steroid_issues.patient = regular.patient
    WHERE amount > 0 AND size <> 'course'
),

days AS (
    SELECT
        series,
        patient,
        event_date,
        date_diff('day', DATE '1900-01-01', event_date) AS day,
        sum(amount) AS amount,
        bool_or(size = 'course') AS course_sized
    FROM series
    GROUP BY series, patient, event_date
),

gaps AS (
    SELECT
        series,
        patient,
        event_date,
        day,
        amount,
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

-- The shortest stretch from each gap on, and back from each gap: four gaps, and all that lie within 84 days. What
-- lies in any stretch lies in one of these.
stretches AS (
    SELECT
        series,
        patient,
        day,
        greatest(max(next_day) OVER four_gaps, max(next_day) OVER twelve_weeks) AS end_day,
        FALSE AS shortest_to_its_end,
        count(*) OVER four_gaps AS gaps,
        bool_and(fits) OVER four_gaps AND bool_and(fits) OVER twelve_weeks AS all_fit,
        greatest(max(daily_amount) OVER four_gaps, max(daily_amount) OVER twelve_weeks) AS highest,
        least(min(daily_amount) OVER four_gaps, min(daily_amount) OVER twelve_weeks) AS lowest,
        greatest(max(amount) OVER four_gaps, max(amount) OVER twelve_weeks) AS largest
    FROM judged
    WHERE next_day IS NOT NULL
    WINDOW
        four_gaps AS (
            PARTITION BY series, patient ORDER BY day ROWS BETWEEN CURRENT ROW AND 3 FOLLOWING
        ),
        twelve_weeks AS (
            PARTITION BY series, patient ORDER BY day RANGE BETWEEN CURRENT ROW AND 83 FOLLOWING
        )
    UNION ALL
    SELECT
        series,
        patient,
        least(min(day) OVER four_before, min(day) OVER weeks_before),
        next_day,
        TRUE,
        count(*) OVER four_before,
        bool_and(fits) OVER four_before AND bool_and(fits) OVER weeks_before,
        greatest(max(daily_amount) OVER four_before, max(daily_amount) OVER weeks_before),
        least(min(daily_amount) OVER four_before, min(daily_amount) OVER weeks_before),
        greatest(max(amount) OVER four_before, max(amount) OVER weeks_before)
    FROM judged
    WHERE next_day IS NOT NULL
    WINDOW
        four_before AS (
            PARTITION BY series, patient ORDER BY next_day ROWS BETWEEN 3 PRECEDING AND CURRENT ROW
        ),
        weeks_before AS (
            PARTITION BY series, patient ORDER BY next_day RANGE BETWEEN 83 PRECEDING AND CURRENT ROW
        )
),

steady AS (
    SELECT
        stretches.series,
        stretches.patient,
        stretches.day,
        max(
            CASE
                WHEN shortest_to_its_end
                    AND closing.amount <= 1.5 * stretches.largest
                    AND coalesce(closing.fits, TRUE)
                    THEN stretches.end_day
                ELSE stretches.end_day - 1
            END
        ) AS last_day
    FROM stretches
    INNER JOIN judged AS closing
        ON stretches.series = closing.series
        AND stretches.patient = closing.patient
        AND stretches.end_day = closing.day
    WHERE stretches.gaps = 4
        AND stretches.all_fit
        AND stretches.end_day - stretches.day >= 84
        AND stretches.highest <= 1.5 * stretches.lowest
    GROUP BY stretches.series, stretches.patient, stretches.day
),

reached AS (
    SELECT
        judged.series,
        judged.patient,
        judged.event_date,
        judged.day,
        max(steady.last_day) OVER (
            PARTITION BY judged.series, judged.patient ORDER BY judged.day ROWS UNBOUNDED PRECEDING
        ) AS supplied_to
    FROM judged
    LEFT JOIN steady
        ON judged.series = steady.series AND judged.patient = steady.patient AND judged.day = steady.day
)

SELECT series, patient, event_date
FROM reached
WHERE day <= supplied_to
