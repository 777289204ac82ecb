-- Days on which azithromycin or an oral steroid was issued as long-term treatment: never an exacerbation.
-- Azithromycin: three or more issues, each 21 to 45 days after the one before; the whole run is out. Steroids: by
-- their supply over time (steroid_supply.sql); where a quantity is missing, by spacing like azithromycin, but only
-- issues that can be no course (basis tells which rule it was).
-- size: which issues of the day belong, where steroids of several sizes were issued.
-- Source: docs/decisions.md §9, §40 (no published rule was found: project choice, needs clinical sign-off).
WITH spaced_drugs AS (
    SELECT DISTINCT patient, event_date, 'azithromycin' AS drug, TRUE AS by_spacing_alone
    FROM concept_events
    WHERE concept = 'azithromycin' AND event_date <= $index
    UNION ALL
    SELECT patient, event_date, 'steroid', bool_or(amount IS NULL)
    FROM steroid_issues
    WHERE size = 'no course'
    GROUP BY patient, event_date
),

spaced AS (
    SELECT
        *,
        coalesce(
            date_diff(
                'day',
                lag(event_date) OVER (PARTITION BY patient, drug ORDER BY event_date),
                event_date
            ) NOT BETWEEN 21 AND 45,
            TRUE
        ) AS starts_run
    FROM spaced_drugs
),

runs AS (
    SELECT
        *,
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
        count(*) OVER (PARTITION BY patient, drug, run) AS issues,
        bool_or(by_spacing_alone) OVER (PARTITION BY patient, drug, run) AS by_spacing_alone
    FROM runs
)

SELECT patient, event_date, drug, CASE drug WHEN 'steroid' THEN 'no course' ELSE 'any' END AS size, 'spacing' AS basis
FROM sized
WHERE issues >= 3 AND by_spacing_alone
UNION
SELECT steroid_issues.patient, steroid_issues.event_date, 'steroid', steroid_issues.size, 'supply'
FROM steroid_issues
INNER JOIN steroid_supply
    ON steroid_issues.patient = steroid_supply.patient
    AND steroid_issues.event_date = steroid_supply.event_date
    AND (steroid_supply.series = 'all' OR steroid_issues.size <> 'course')
WHERE steroid_issues.amount > 0
