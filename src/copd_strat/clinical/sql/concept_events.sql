-- What the GP record says of each patient, day by day: coded entries and issues together (a view).
-- Source: gp_concepts.sql and issued_concepts.sql.
SELECT patient, event_date, concept FROM gp_concepts
UNION ALL
SELECT patient, event_date, concept FROM issued_concepts
