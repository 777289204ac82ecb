-- People whose latest Type 1 code on the run date is a dissent. On a day with both,
-- the dissent stands. Codes: core list, unconfirmed; check in TRUD.
-- Source: docs/decisions.md §6.
SELECT patient
FROM concept_events
WHERE concept IN ('type1_optout', 'type1_withdrawn')
GROUP BY patient
HAVING max(CASE WHEN concept = 'type1_optout' THEN event_date END)
    >= max(CASE WHEN concept = 'type1_withdrawn' THEN event_date ELSE DATE '1900-01-01' END)
