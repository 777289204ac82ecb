-- Days of COPD reviews of everybody who ever had COPD.
-- Source: core code list copd_review; Rothnie 2016, PLoS ONE 11:e0151357 (review days are no events).
SELECT DISTINCT concept_events.patient, concept_events.event_date
FROM concept_events
SEMI JOIN copd_spans ON concept_events.patient = copd_spans.patient
WHERE concept_events.concept = 'copd_review'
