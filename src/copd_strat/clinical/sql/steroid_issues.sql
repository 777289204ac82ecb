-- Issues of oral steroids up to the index, one row a day and amount (a row sent twice is one issue).
-- possible_course: may be a course: tablets of 5 mg or more, and at least 150 mg (30 mg a day for 5 days) or of
-- unknown amount, so that real courses stay events. course_sized: a possible course of at most 420 mg (30 mg a day
-- for 14 days).
-- Source: docs/decisions.md §40 (needs clinical sign-off); 150 and 420 mg are 30 and 84 tablets of 5 mg
-- [unconfirmed].
SELECT DISTINCT
    issued_concepts.patient,
    issued_concepts.event_date,
    issued_concepts.amount,
    course_concepts.course_strength AND coalesce(issued_concepts.amount >= 150, TRUE) AS possible_course,
    course_concepts.course_strength
    AND coalesce(issued_concepts.amount BETWEEN 150 AND 420, TRUE) AS course_sized
FROM issued_concepts
INNER JOIN course_concepts ON issued_concepts.concept = course_concepts.concept
WHERE course_concepts.drug = 'steroid' AND issued_concepts.event_date <= $index
