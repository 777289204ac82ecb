-- Clinicians' answers given by the index.
-- Source: docs/decisions.md §3.
SELECT *
FROM whole_decisions
WHERE decided_on <= $index
