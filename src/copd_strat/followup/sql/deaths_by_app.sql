-- People who were on the register or died within the 12 months to the run date, and how many of them died, by whether
-- they ever activated the app.
-- Source: docs/follow-up.md; known_deaths.sql.
WITH users AS (
    SELECT DISTINCT patient FROM app_days WHERE kind IN ('activated', 'used', 'cat_score')
),

cohort AS (
    SELECT eligibility.patient, NOT eligibility.alive AS died
    FROM eligibility
    WHERE eligibility.unresolved
        AND eligibility.aged_35_or_over
        AND (
            (eligibility.alive AND eligibility.registered)
            OR eligibility.death_date > CAST($as_of AS DATE) - INTERVAL 12 MONTH
        )
)

SELECT users.patient IS NOT NULL AS uses, count(*) AS people, count(CASE WHEN cohort.died THEN 1 END) AS died
FROM cohort
LEFT JOIN users ON cohort.patient = users.patient
GROUP BY uses
