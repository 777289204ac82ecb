-- Everybody whose last answer is plain, as placed tonight, and whether they got a place tonight: the second count of
-- GATE26. Whoever has two different answers of that day is left out: such answers are told.
-- Source: docs/policy.md, In which order.
WITH last_days AS (
    SELECT practice_id, patient_id, max(decided_on) AS decided_on
    FROM answers_given
    WHERE decided_on <= $as_of
    GROUP BY practice_id, patient_id
),

last_answers AS (
    SELECT answers_given.practice_id, answers_given.patient_id, answers_given.decided_on, min(answer) AS answer
    FROM answers_given
    INNER JOIN last_days
        ON answers_given.practice_id = last_days.practice_id
            AND answers_given.patient_id = last_days.patient_id
            AND answers_given.decided_on = last_days.decided_on
    GROUP BY answers_given.practice_id, answers_given.patient_id, answers_given.decided_on
    HAVING count(DISTINCT answer) = 1 AND min(answer) <> 'not plain'
)

SELECT
    placed_patients.*,
    last_answers.answer AS last_answer,
    last_answers.decided_on AS last_answered_on,
    places_tonight.place = 'clinic' AND NOT places_tonight.had_place AS place_given
FROM placed_patients
INNER JOIN last_answers
    ON placed_patients.practice_id = last_answers.practice_id
        AND placed_patients.patient_id = last_answers.patient_id
INNER JOIN places_tonight ON placed_patients.patient_id = places_tonight.patient_id
