-- What each diagnosis string of hospital and emergency records means, worked out once a distinct string.
-- ICD-10 comes with or without dot, padded with X (J22X), with dagger or asterisk (also as a trailing D or A
-- after the fourth character): all but letters and digits is dropped, then the padding. A three-character
-- code of a list takes in its subdivisions, a longer one matches itself only: J4401, of another country's
-- edition, is not J440.
-- Source: ICD-10 5th edition as HES writes it (NHS Data Dictionary); the code lists.
WITH strings AS (
    SELECT diagnosis FROM episode_diagnoses
    UNION
    SELECT diagnosis FROM ed_diagnoses
),

bare AS (
    SELECT
        diagnosis,
        trim(diagnosis) AS whole,
        regexp_replace(upper(diagnosis), '[^A-Z0-9]', '', 'g') AS letters
    FROM strings
),

undaggered AS (
    SELECT
        diagnosis,
        whole,
        CASE
            WHEN length(letters) = 5 AND substr(letters, 5, 1) IN ('A', 'D') THEN substr(letters, 1, 4)
            ELSE letters
        END AS letters
    FROM bare
),

normalised AS (
    SELECT diagnosis, whole, regexp_replace(letters, 'X\z', '') AS icd10
    FROM undaggered
)

SELECT DISTINCT normalised.diagnosis, event_codes.concept
FROM normalised
INNER JOIN event_codes
    ON event_codes.code_system = 'icd10'
    AND (
        normalised.icd10 = event_codes.code
        OR (length(event_codes.code) = 3 AND substr(normalised.icd10, 1, 3) = event_codes.code)
    )
UNION
SELECT DISTINCT normalised.diagnosis, event_codes.concept
FROM normalised
INNER JOIN event_codes ON event_codes.code_system = 'snomed' AND normalised.whole = event_codes.code
