-- Each duty of each event: when it is due, and what the record shows. Over the whole history, of everybody who ever had
-- COPD, so that months can be counted; the worklists take the latest.
-- done_on: the first day, from from_day days after the event on, that shows it (of a duty of several signs, the day on
-- which the last of them was there); settled_on: declined or not suitable, and not done before.
-- state: done, settled, overtaken (another event began, or the person died, before it was due), overdue, due.
-- Source: the policy's follow_up; docs/follow-up.md.
WITH wanted AS (
    SELECT
        events.patient,
        events.event,
        events.event_date,
        events.overtaken_on,
        rules.duty,
        rules.signs_needed,
        CAST(events.event_date + rules.within_days * INTERVAL 1 DAY AS DATE) AS due_on,
        CAST(events.event_date + rules.from_day * INTERVAL 1 DAY AS DATE) AS counts_from
    FROM follow_up_events AS events
    INNER JOIN duty_rules AS rules ON events.event = rules.event
),

first_seen AS (
    SELECT
        wanted.patient, wanted.event, wanted.event_date, wanted.duty, wanted.signs_needed,
        signs.ends_as, signs.sign, min(care_signs.day) AS first_on
    FROM wanted
    INNER JOIN duty_signs AS signs ON wanted.duty = signs.duty
    INNER JOIN care_signs
        ON wanted.patient = care_signs.patient AND signs.sign = care_signs.sign AND care_signs.day >= wanted.counts_from
    GROUP BY ALL
),

closed AS (
    SELECT
        patient, event, event_date, duty,
        CASE
            WHEN max(signs_needed) = 1 THEN min(CASE WHEN ends_as = 'done' THEN first_on END)
            WHEN count(CASE WHEN ends_as = 'done' THEN 1 END) = max(signs_needed)
                THEN max(CASE WHEN ends_as = 'done' THEN first_on END)
        END AS done_on,
        min(CASE WHEN ends_as = 'settled' THEN first_on END) AS settled_on
    FROM first_seen
    GROUP BY patient, event, event_date, duty
)

SELECT
    wanted.patient,
    wanted.event,
    wanted.event_date,
    wanted.duty,
    wanted.due_on,
    closed.done_on,
    CASE WHEN closed.done_on IS NULL THEN closed.settled_on END AS settled_on,
    wanted.overtaken_on,
    CASE
        WHEN closed.done_on IS NOT NULL THEN 'done'
        WHEN closed.settled_on IS NOT NULL THEN 'settled'
        WHEN wanted.overtaken_on <= wanted.due_on THEN 'overtaken'
        WHEN wanted.due_on < $as_of THEN 'overdue'
        ELSE 'due'
    END AS state
FROM wanted
LEFT JOIN closed
    ON wanted.patient = closed.patient
    AND wanted.event = closed.event
    AND wanted.event_date = closed.event_date
    AND wanted.duty = closed.duty
