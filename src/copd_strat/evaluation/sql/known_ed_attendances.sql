-- Attendances that had begun by the index; where one led was not known before it ended.
-- Source: docs/decisions.md §1.
SELECT
    * REPLACE (
        CASE WHEN departure_date <= $index THEN departure_date END AS departure_date,
        CASE WHEN coalesce(departure_date > $index, FALSE) THEN NULL ELSE discharge_destination END
        AS discharge_destination
    )
FROM whole_ed_attendances
WHERE arrival_date <= $index
