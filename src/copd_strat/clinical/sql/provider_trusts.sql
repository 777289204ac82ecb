-- The trust of each provider as written: the first three characters of an organisation code of three or five
-- (a site code is its trust's code and two characters more), and the trust that took it over, if the table of
-- successors names one. Any other spelling stands for itself.
-- Source: NHS Data Dictionary, organisation and site codes; docs/decisions.md §38, §60.
WITH RECURSIVE written AS (
    SELECT DISTINCT provider AS written, upper(trim(provider)) AS code
    FROM hospital_episodes
    WHERE provider IS NOT NULL
    UNION
    SELECT DISTINCT provider, upper(trim(provider)) FROM provider_successors WHERE provider IS NOT NULL
    UNION
    SELECT DISTINCT successor, upper(trim(successor)) FROM provider_successors WHERE successor IS NOT NULL
),

trusts AS (
    SELECT
        written,
        CASE
            WHEN regexp_matches(code, '^[A-Z][A-Z0-9]{2}([A-Z0-9]{2})?\z') THEN substr(code, 1, 3)
            ELSE nullif(code, '')
        END AS trust
    FROM written
),

-- a trust that was split has no one successor: the first by code, so that every run says the same
successors AS (
    SELECT earlier.trust, min(later.trust) AS successor
    FROM provider_successors
    INNER JOIN trusts AS earlier ON provider_successors.provider = earlier.written
    INNER JOIN trusts AS later ON provider_successors.successor = later.written
    WHERE earlier.trust <> later.trust
    GROUP BY earlier.trust
),

-- successors of successors; ten steps are more than any trust has had, and end a circle
followed AS (
    SELECT written, trust, 0 AS steps FROM trusts
    UNION ALL
    SELECT followed.written, successors.successor, followed.steps + 1
    FROM followed
    INNER JOIN successors ON followed.trust = successors.trust
    WHERE followed.steps < 10
)

SELECT written, max_by(trust, steps) AS trust
FROM followed
GROUP BY written
