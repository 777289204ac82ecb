-- People whose use of the app stopped, and whose CAT score in it worsened, each on the day on which it was so.
-- stopped: in use once, the last use more than $stopped_after days before the app's own last day (an extract of the
-- app that lags makes nobody stop), and neither declined nor used since.
-- worse: the latest score lies $worse_by points or more above the one before.
-- Source: docs/follow-up.md; CAT minimal important difference 2.
WITH ends AS (SELECT max(day) AS app_end FROM app_days),

uses AS (
    SELECT patient, max(day) AS last_use
    FROM app_days
    WHERE kind IN ('used', 'cat_score')
    GROUP BY patient
),

scores AS (
    SELECT
        patient,
        day,
        value - lag(value) OVER (PARTITION BY patient ORDER BY day) AS worse_by,
        row_number() OVER (PARTITION BY patient ORDER BY day DESC) AS place
    FROM app_days
    WHERE kind = 'cat_score' AND value IS NOT NULL
)

SELECT
    uses.patient,
    'app_stopped' AS event,
    CAST(last_use + $stopped_after * INTERVAL 1 DAY AS DATE) AS event_date
FROM uses
CROSS JOIN ends
WHERE last_use + $stopped_after * INTERVAL 1 DAY < app_end
    AND uses.patient NOT IN (SELECT patient FROM app_days WHERE kind = 'declined' AND day >= last_use)
UNION ALL
SELECT patient, 'cat_worse', day
FROM scores
WHERE place = 1 AND worse_by >= $worse_by
