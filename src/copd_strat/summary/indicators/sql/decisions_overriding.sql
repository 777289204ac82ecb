-- Those of decisions_returned that go against the list.
-- Source: docs/lists.md; table decisions.
SELECT patient_id, day, 1 AS n
FROM list_decisions
WHERE decision IN ('declined', 'wrong')
