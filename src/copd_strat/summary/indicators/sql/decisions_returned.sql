-- Usable decisions about people on a list, by the day of the decision.
-- Source: docs/lists.md; table decisions.
SELECT patient_id, day, 1 AS n
FROM list_decisions
