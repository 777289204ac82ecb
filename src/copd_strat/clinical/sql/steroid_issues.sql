-- Issues of oral steroids up to the index, one row a day and amount (a row sent twice is one issue).
-- size: 'no course' (tablets below 5 mg, or less than 150 mg: 30 mg a day for 5 days), 'course' (up to 420 mg: 30 mg
-- a day for 14 days; also an unknown amount, so that real courses stay events), or 'more'.
-- Source: docs/decisions.md §40 (needs clinical sign-off); 150 and 420 mg are 30 and 84 tablets of 5 mg
-- [unconfirmed].
SELECT DISTINCT
    issued_concepts.patient,
    issued_concepts.event_date,
    issued_concepts.amount,
    CASE
        WHEN NOT course_concepts.course_strength OR issued_concepts.amount < 150 THEN 'no course'
        WHEN issued_concepts.amount > 420 THEN 'more'
        ELSE 'course'
    END AS size
FROM issued_concepts
INNER JOIN course_concepts ON issued_concepts.concept = course_concepts.concept
WHERE course_concepts.drug = 'steroid' AND issued_concepts.event_date <= $index
