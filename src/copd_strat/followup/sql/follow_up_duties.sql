-- Each duty of each event: when it is due, and what the record shows. Over the whole history, of everybody who ever had
-- COPD, so that months can be counted; the worklists take the latest.
-- settled_on: declined or not suitable, and not done.
-- state: done, settled, overtaken (another event began, or the person died, before it was due), overdue, due.
-- Source: the policy's follow_up; docs/follow-up.md.
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
FROM wanted_duties AS wanted
LEFT JOIN closed_duties AS closed ON wanted.number = closed.number
