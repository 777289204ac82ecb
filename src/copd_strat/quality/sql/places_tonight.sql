-- Each patient tonight, and whether the last run left a place of this month with them, in the same practice.
-- Source: docs/policy.md, Rank and places.
SELECT
    placed_patients.patient_id,
    placed_patients.sharing,
    placed_patients.ranked_by,
    placed_patients.disposition,
    coalesce(placed_patients.place, '') AS place,
    coalesce(
        last_places.place_given_on >= $month
        AND last_places.place_given_on < $next_month
        AND last_places.practice_id = placed_patients.practice_id,
        FALSE
    ) AS had_place
FROM placed_patients
LEFT JOIN last_places ON placed_patients.patient_id = last_places.patient_id
