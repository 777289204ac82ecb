-- The duties of which the record shows anything, by their number.
-- done_on: the first day, from from_day days after the event on, that shows it (of a duty of several signs, the day on
-- which the last of them was there); settled_on: the first day that says declined or not suitable.
-- Source: the policy's follow_up; docs/follow-up.md.
WITH first_seen AS (
    SELECT
        wanted.number, signs.ends_as, signs.sign,
        any_value(wanted.signs_needed) AS signs_needed, min(care_signs.day) AS first_on
    FROM wanted_duties AS wanted
    INNER JOIN duty_signs AS signs ON wanted.duty = signs.duty
    INNER JOIN care_signs
        ON wanted.patient = care_signs.patient AND signs.sign = care_signs.sign AND care_signs.day >= wanted.counts_from
    GROUP BY wanted.number, signs.ends_as, signs.sign
)

SELECT
    number,
    CASE
        WHEN max(signs_needed) = 1 THEN min(CASE WHEN ends_as = 'done' THEN first_on END)
        WHEN count(CASE WHEN ends_as = 'done' THEN 1 END) = max(signs_needed)
            THEN max(CASE WHEN ends_as = 'done' THEN first_on END)
    END AS done_on,
    min(CASE WHEN ends_as = 'settled' THEN first_on END) AS settled_on
FROM first_seen
GROUP BY number
