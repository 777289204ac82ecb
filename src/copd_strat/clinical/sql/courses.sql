-- Days on which an antibiotic or oral steroid was issued as a course: evidence of an exacerbation at home.
-- Long-term treatment is left out; so are issues of a steroid too small for any course. A real course on a day of
-- long-term treatment stays.
-- Source: Rothnie 2016, PLoS ONE 11:e0151357; docs/decisions.md §9, §40; data/course_concepts.csv.
WITH issues AS (
    SELECT concept_events.patient, event_date, drug, long_term, 'any' AS size
    FROM concept_events
    INNER JOIN course_concepts ON concept_events.concept = course_concepts.concept
    WHERE event_date <= $index AND drug = 'antibiotic'
    UNION ALL
    SELECT patient, event_date, 'steroid', 'steroid', size
    FROM steroid_issues
    WHERE size <> 'no course'
)

SELECT DISTINCT issues.patient, issues.event_date, issues.drug
FROM issues
LEFT JOIN maintenance
    ON issues.patient = maintenance.patient
    AND issues.event_date = maintenance.event_date
    AND issues.long_term = maintenance.drug
    AND issues.size = maintenance.size
WHERE maintenance.patient IS NULL
