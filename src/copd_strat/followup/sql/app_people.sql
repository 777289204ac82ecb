-- One row a person on the register: the steps with the app on record, and the first and the last CAT score in it.
-- A step counts where it, or any step after it, is on record: who uses the app was offered it. Active: opened in the 30
-- days to the app's own last day, so that a feed that lags makes nobody inactive.
-- Source: docs/follow-up.md.
WITH ends AS (SELECT max(day) AS app_end FROM app_days),

steps AS (
    SELECT
        app_days.patient,
        bool_or(kind IN ('activated', 'used', 'cat_score', 'stepped_up')) AS activated,
        bool_or(kind IN ('registered', 'activated', 'used', 'cat_score', 'stepped_up')) AS registered,
        bool_or(kind = 'stepped_up') AS stepped_up,
        min(CASE WHEN kind IN ('activated', 'used', 'cat_score') THEN day END) AS active_from,
        max(CASE WHEN kind IN ('used', 'cat_score') THEN day END) AS last_use,
        count(CASE WHEN kind = 'cat_score' THEN value END) AS cat_scores,
        arg_min(value, day) FILTER (WHERE kind = 'cat_score') AS cat_first,
        arg_max(value, day) FILTER (WHERE kind = 'cat_score') AS cat_last
    FROM app_days
    GROUP BY app_days.patient
)

SELECT
    people.patient_id,
    register.imd_quintile,
    age_bands.age_band,
    steps.patient IS NOT NULL AS offered,
    coalesce(steps.registered, FALSE) AS registered,
    coalesce(steps.activated, FALSE) AS activated,
    coalesce(steps.last_use > ends.app_end - INTERVAL 30 DAY, FALSE) AS active,
    coalesce(steps.stepped_up, FALSE) AS stepped_up,
    steps.active_from,
    steps.last_use,
    CASE WHEN steps.cat_scores >= 2 THEN steps.cat_last - steps.cat_first END AS cat_change
FROM register
INNER JOIN people ON register.patient = people.patient
INNER JOIN age_bands
    ON register.age >= age_bands.at_least AND (age_bands.below IS NULL OR register.age < age_bands.below)
CROSS JOIN ends
LEFT JOIN steps ON register.patient = steps.patient
ORDER BY people.patient_id
