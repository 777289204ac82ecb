-- Days on which an antibiotic or oral steroid was issued as a course: evidence of an exacerbation at home.
-- Maintenance days are left out; a course-sized steroid issue on a maintenance day stays (see maintenance.sql).
-- Source: Rothnie 2016, PLoS ONE 11:e0151357; docs/decisions.md §9; data/course_concepts.csv.
WITH issues AS (
    SELECT patient, event_date, drug, long_term, course_sized
    FROM concept_events
    INNER JOIN course_concepts ON concept_events.concept = course_concepts.concept
    WHERE event_date <= $index AND course_strength
)

SELECT DISTINCT issues.patient, issues.event_date, issues.drug
FROM issues
LEFT JOIN maintenance
    ON issues.patient = maintenance.patient
    AND issues.event_date = maintenance.event_date
    AND issues.long_term = maintenance.drug
WHERE maintenance.patient IS NULL OR (issues.drug = 'steroid' AND issues.course_sized)
