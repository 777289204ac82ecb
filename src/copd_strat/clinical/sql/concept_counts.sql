-- Coded entries and issues of each concept in the whole extract, by any patient.
SELECT CAST(concept AS VARCHAR) AS concept, count(*) AS events
FROM concept_events
GROUP BY concept
