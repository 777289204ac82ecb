-- Days on which the GP record shows care of a kind that follows an exacerbation, of everybody who ever had COPD, up
-- to the run date: what is known on the day closes a duty, also after the index.
-- Source: data/care_day_concepts.csv; docs/follow-up.md.
SELECT DISTINCT
    concept_events.patient,
    concept_events.event_date AS day,
    CAST(concept_events.concept AS VARCHAR) AS concept
FROM concept_events
SEMI JOIN care_day_concepts ON concept_events.concept = care_day_concepts.concept
SEMI JOIN copd_spans ON concept_events.patient = copd_spans.patient
