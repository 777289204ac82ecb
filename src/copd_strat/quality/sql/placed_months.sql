-- What a month's figures of dispositions must come to: the people of its snapshot, all and by disposition.
-- The second count of GATE23.
-- Source: docs/decisions.md §23.
SELECT month, 'people_placed' AS indicator, count(*) AS n
FROM summary_snapshots
GROUP BY month

UNION ALL

SELECT month, concat('disposition_', disposition) AS indicator, count(*) AS n
FROM summary_snapshots
GROUP BY month, disposition
