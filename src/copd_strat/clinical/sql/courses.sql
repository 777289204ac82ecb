-- Days on which an antibiotic or oral steroid was issued as a course: evidence of an exacerbation at home.
-- Maintenance days are left out; a course-sized steroid issue on a maintenance day stays (see maintenance.sql).
SELECT DISTINCT
    issues.patient,
    issues.event_date,
    CASE WHEN issues.concept = 'ocs' THEN 'steroid' ELSE 'antibiotic' END AS drug
FROM concept_events AS issues
LEFT JOIN maintenance
    ON issues.patient = maintenance.patient
    AND issues.event_date = maintenance.event_date
    AND CASE issues.concept WHEN 'azithromycin' THEN 'azithromycin' WHEN 'ocs' THEN 'steroid' END
    = maintenance.drug
WHERE issues.concept IN ('ocs', 'abx_resp', 'azithromycin')
    AND issues.event_date <= $index
    AND (maintenance.patient IS NULL OR (issues.concept = 'ocs' AND issues.course_sized))
