-- Each duty of each event, numbered: when it is due, from which day on the record may show it, and how many signs it
-- needs. Over the whole history, of everybody who ever had COPD.
-- Source: the policy's follow_up; docs/follow-up.md.
SELECT
    CAST(row_number() OVER () AS INTEGER) AS number,
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
