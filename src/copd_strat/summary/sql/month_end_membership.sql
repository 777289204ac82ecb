-- Which PCN, sub-ICB location and ICB each practice belonged to on the last day of each month due.
-- Month-end membership, so that a practice that changes PCN never makes two overlapping areas that
-- could be subtracted. What is not known is named after the level above, so that areas always nest;
-- a PCN that lies in two sub-ICB locations counts as one PCN in each, for the same reason.
WITH dated AS (
    SELECT
        due.month,
        org.practice_id,
        org.practice_name,
        coalesce(org.icb, 'unassigned') AS icb,
        coalesce(org.sub_icb, coalesce(org.icb, 'unassigned') || '/unassigned') AS sub_icb,
        org.pcn,
        row_number() OVER (
            PARTITION BY due.month, org.practice_id
            ORDER BY org.valid_from DESC NULLS LAST, org.pcn, org.sub_icb, org.icb, org.practice_name
        ) AS newest
    FROM summary_due AS due
    INNER JOIN organisations AS org
        ON coalesce(org.valid_from, due.month) <= last_day(due.month)
        AND coalesce(org.valid_to, last_day(due.month)) >= last_day(due.month)
),

practices AS (
    SELECT DISTINCT month, practice_id FROM summary_people
),

placed AS (
    SELECT
        practices.month,
        practices.practice_id,
        dated.practice_name,
        coalesce(dated.icb, 'unassigned') AS icb,
        coalesce(dated.sub_icb, 'unassigned/unassigned') AS sub_icb,
        coalesce(dated.pcn, coalesce(dated.sub_icb, 'unassigned/unassigned') || '/unassigned') AS pcn
    FROM practices
    LEFT JOIN dated
        ON dated.month = practices.month
        AND dated.practice_id = practices.practice_id
        AND dated.newest = 1
),

nested AS (
    SELECT
        month,
        practice_id,
        practice_name,
        icb,
        sub_icb,
        pcn,
        min(sub_icb) OVER (PARTITION BY month, pcn) <> max(sub_icb) OVER (PARTITION BY month, pcn) AS pcn_is_split,
        min(icb) OVER (PARTITION BY month, sub_icb) <> max(icb) OVER (PARTITION BY month, sub_icb) AS sub_icb_is_split
    FROM placed
)

SELECT
    month,
    practice_id AS practice,
    practice_name,
    CASE
        WHEN pcn_is_split OR sub_icb_is_split THEN pcn || ' in ' || sub_icb || CASE WHEN sub_icb_is_split THEN ' in ' || icb ELSE '' END
        ELSE pcn
    END AS pcn,
    CASE WHEN sub_icb_is_split THEN sub_icb || ' in ' || icb ELSE sub_icb END AS sub_icb,
    icb
FROM nested
ORDER BY month, practice_id
