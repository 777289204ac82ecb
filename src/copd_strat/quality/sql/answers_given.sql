-- Every answer about a patient of tonight, found by any reference that stood for them on a list of that practice, however
-- it was typed. Only what is plain can be judged here; the rest is there because it may have followed a plain one.
-- Source: docs/policy.md, In which order.
WITH printed AS (
    SELECT DISTINCT
        practice_id,
        patient_id,
        patient_ref,
        translate(regexp_replace(upper(patient_ref), '[^0-9A-Z]', '', 'g'), 'OIL', '011') AS typed
    FROM printed_references
)

SELECT
    printed.practice_id,
    printed.patient_id,
    decisions.decided_on,
    CASE
        WHEN decisions.patient_ref <> printed.patient_ref THEN 'not plain'
        WHEN lower(decisions.decision) IN ('accepted', 'declined', 'wrong') THEN lower(decisions.decision)
        WHEN lower(decisions.decision) IN ('already known', 'already_known') THEN 'already_known'
        ELSE 'not plain'
    END AS answer
FROM decisions
INNER JOIN printed
    ON decisions.practice_id = printed.practice_id
        AND translate(regexp_replace(upper(decisions.patient_ref), '[^0-9A-Z]', '', 'g'), 'OIL', '011') = printed.typed
WHERE lower(trim(decisions.decision)) NOT IN ('note', 'refused')
