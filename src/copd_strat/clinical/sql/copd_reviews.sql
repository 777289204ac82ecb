-- Days of COPD reviews of everybody who ever had COPD.
SELECT DISTINCT concept_events.patient, concept_events.event_date
FROM concept_events
SEMI JOIN copd_spans ON concept_events.patient = copd_spans.patient
WHERE concept_events.concept = 'copd_review'
