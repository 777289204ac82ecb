-- True counts of the finest cells that are ever published of one month, by indicator: practice totals,
-- and PCN by one breakdown at a time. Events count for the practice and group that the person
-- belonged to at month end. Higher levels are sums of these; nothing here is published as it stands.
WITH counted AS (
    SELECT
        people.month,
        people.practice_id,
        people.sex,
        people.age_band,
        people.imd_quintile,
        people.ethnicity_group,
        CASE WHEN people.cohort = 'register' THEN 'copd_register' ELSE 'people_placed' END AS indicator_id,
        CAST(1 AS BIGINT) AS n
    FROM summary_people AS people
    WHERE people.month = $month

    UNION ALL

    SELECT
        people.month,
        people.practice_id,
        people.sex,
        people.age_band,
        people.imd_quintile,
        people.ethnicity_group,
        events.indicator AS indicator_id,
        CAST(events.n AS BIGINT) AS n
    FROM summary_people AS people
    INNER JOIN summary_events AS events
        ON events.cohort = people.cohort
        AND events.month = people.month
        AND events.patient_id = people.patient_id
    WHERE people.month = $month AND events.month = $month
),

placed AS (
    SELECT counted.*, membership.pcn
    FROM counted
    INNER JOIN summary_membership AS membership
        ON membership.month = counted.month
        AND membership.practice = counted.practice_id
)

SELECT month, indicator_id, 'practice' AS org_level, practice_id AS org_code, 'all' AS breakdown_type, 'all' AS breakdown_value, CAST(sum(n) AS BIGINT) AS n
FROM placed GROUP BY month, indicator_id, practice_id

UNION ALL

SELECT month, indicator_id, 'pcn' AS org_level, pcn AS org_code, 'sex' AS breakdown_type, sex AS breakdown_value, CAST(sum(n) AS BIGINT) AS n
FROM placed GROUP BY month, indicator_id, pcn, sex

UNION ALL

SELECT month, indicator_id, 'pcn' AS org_level, pcn AS org_code, 'age_band' AS breakdown_type, age_band AS breakdown_value, CAST(sum(n) AS BIGINT) AS n
FROM placed GROUP BY month, indicator_id, pcn, age_band

UNION ALL

SELECT month, indicator_id, 'pcn' AS org_level, pcn AS org_code, 'imd_quintile' AS breakdown_type, imd_quintile AS breakdown_value, CAST(sum(n) AS BIGINT) AS n
FROM placed GROUP BY month, indicator_id, pcn, imd_quintile

UNION ALL

SELECT month, indicator_id, 'pcn' AS org_level, pcn AS org_code, 'ethnicity_group' AS breakdown_type, ethnicity_group AS breakdown_value, CAST(sum(n) AS BIGINT) AS n
FROM placed GROUP BY month, indicator_id, pcn, ethnicity_group
