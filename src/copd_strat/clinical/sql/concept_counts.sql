-- Coded entries and issues of each concept in the whole extract, by any patient.
-- Source: the code lists (codelists/data), counted to see which of them the extract uses.
SELECT CAST(concept AS VARCHAR) AS concept, count(*) AS events
FROM concept_events
GROUP BY concept
