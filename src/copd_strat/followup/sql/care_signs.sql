-- What shows that a duty was done or settled, one row a person, day and sign: concepts of the GP record, and what
-- community services sent, as "<service> <kind>".
-- Source: docs/follow-up.md.
SELECT patient, day, concept AS sign FROM care_days
UNION
SELECT people.patient, community_contacts.contact_date, concat(service, ' ', kind)
FROM community_contacts
INNER JOIN people ON community_contacts.patient_id = people.patient_id
WHERE service IS NOT NULL AND kind IS NOT NULL AND contact_date <= $as_of
