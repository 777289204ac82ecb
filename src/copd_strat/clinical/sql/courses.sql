-- Days on which an antibiotic or oral steroid was issued as a course: evidence of an exacerbation at home.
-- Maintenance days are left out; a course-sized steroid issue on a maintenance day stays (see maintenance.sql).
WITH drugs AS (
    SELECT CAST(concept AS concept_category) AS concept, drug, maintained
    FROM (
        VALUES
        ('ocs', 'steroid', 'steroid'),
        ('abx_resp', 'antibiotic', NULL),
        ('azithromycin', 'antibiotic', 'azithromycin')
    ) AS listed (concept, drug, maintained)
),

issues AS (
    SELECT patient, event_date, drug, maintained, course_sized
    FROM concept_events
    INNER JOIN drugs ON concept_events.concept = drugs.concept
    WHERE event_date <= $index
)

SELECT DISTINCT issues.patient, issues.event_date, issues.drug
FROM issues
LEFT JOIN maintenance
    ON issues.patient = maintenance.patient
    AND issues.event_date = maintenance.event_date
    AND issues.maintained = maintenance.drug
WHERE maintenance.patient IS NULL OR (issues.drug = 'steroid' AND issues.course_sized)
