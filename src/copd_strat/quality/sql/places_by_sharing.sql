-- Places of this month by who shares them: the second count of GATE27, from the dispositions of two nights alone. A place
-- is used, too, whose holder is on another list by now.
-- Source: docs/policy.md, Rank and places.
SELECT
    sharing,
    count(*) AS people,
    count(CASE WHEN place = 'clinic' OR (had_place AND disposition <> 'not_listed') THEN 1 END) AS used,
    count(CASE WHEN place = 'clinic' AND NOT had_place THEN 1 END) AS given,
    count(CASE WHEN place = 'reserve' THEN 1 END) AS waiting,
    count(CASE WHEN had_place AND disposition = 'clinic' AND place <> 'clinic' THEN 1 END) AS taken_away,
    coalesce(
        min(CASE WHEN place = 'clinic' AND NOT had_place THEN ranked_by END)
        < max(CASE WHEN place = 'reserve' THEN ranked_by END),
        FALSE
    ) AS out_of_turn
FROM places_tonight
GROUP BY sharing
