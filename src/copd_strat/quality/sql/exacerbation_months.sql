-- Exacerbations by the month of their first day, as the day itself says it, beside those that were given to a month:
-- the second count of GATE24, for the step that gives events of every kind to months.
-- Source: docs/decisions.md §7, §8.
WITH months AS (
    SELECT DISTINCT month FROM monthly_register
),

own AS (
    SELECT
        CAST(date_trunc('month', start_date) AS DATE) AS month,
        concat(severity, '_exacerbations') AS indicator,
        count(*) AS n
    FROM counted_exacerbations
    WHERE counting = 'all'
    GROUP BY CAST(date_trunc('month', start_date) AS DATE), severity
),

given AS (
    SELECT month, indicator, CAST(sum(n) AS BIGINT) AS n
    FROM monthly_events
    WHERE indicator IN ('moderate_exacerbations', 'severe_exacerbations', 'ed_only_exacerbations')
    GROUP BY month, indicator
),

both_counts AS (
    SELECT month, indicator, n AS own_n, 0 AS given_n FROM own
    UNION ALL
    SELECT month, indicator, 0, n FROM given
)

SELECT month, indicator, CAST(sum(own_n) AS BIGINT) AS own_n, CAST(sum(given_n) AS BIGINT) AS given_n
FROM both_counts
SEMI JOIN months ON both_counts.month = months.month
GROUP BY month, indicator
HAVING sum(own_n) <> sum(given_n)
