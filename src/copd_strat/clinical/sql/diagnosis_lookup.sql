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

normalised AS (
    SELECT
        diagnosis,
        trim(diagnosis) AS whole,
        regexp_replace(
            regexp_replace(regexp_replace(upper(diagnosis), '[^A-Z0-9]', '', 'g'), '^(.{4})[AD]\z', '\1'),
            'X\z',
            ''
        ) AS icd10
    FROM strings
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
