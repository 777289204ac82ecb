-- Records that contradict each other about who is alive and registered where: for the verdict (counts) and for
-- the practice's own queries file, which invites nobody. One row a person, practice and kind.
-- since: the day of death or leaving, or the start of the registration; last_record: the latest GP, hospital or
-- emergency department record, where it contradicts that day.
-- Only people who would be on the register but for the conflict, or are on it: COPD not resolved, aged 35 or over.
-- Source: docs/decisions.md §39 (60 days), §55, §60.
WITH concerned AS (
    SELECT *
    FROM eligibility
    WHERE unresolved AND possible_age AND aged_35_or_over
),

records AS (
    SELECT patient, last_date AS day FROM record_days
    UNION ALL
    SELECT patient, max(admission_date) FROM spells GROUP BY patient
    UNION ALL
    SELECT patient, max(arrival_date) FROM ed_visits GROUP BY patient
),

last_records AS (
    SELECT patient, max(day) AS last_record
    FROM records
    GROUP BY patient
),

open_registrations AS (
    SELECT patient, practice_id, max(registration_start) AS registration_start
    FROM registrations
    WHERE coalesce(registration_start <= $as_of, TRUE) AND coalesce(registration_end > $as_of, TRUE)
    GROUP BY patient, practice_id
),

conflicts AS (
    SELECT concerned.patient, practice_id, 'records after death' AS kind, death_date AS since, last_record
    FROM concerned
    INNER JOIN last_records ON concerned.patient = last_records.patient
    WHERE NOT alive AND last_record > death_date + INTERVAL 60 DAY
    UNION ALL
    SELECT concerned.patient, practice_id, 'records after leaving', registration_end, last_record
    FROM concerned
    INNER JOIN last_records ON concerned.patient = last_records.patient
    WHERE alive AND NOT registered AND last_record > registration_end + INTERVAL 60 DAY
    UNION ALL
    SELECT concerned.patient, practice_id, 'death before birth', impossible_date, CAST(NULL AS DATE)
    FROM concerned
    INNER JOIN known_deaths ON concerned.patient = known_deaths.patient
    WHERE impossible_date IS NOT NULL
    UNION ALL
    SELECT concerned.patient, practice_id, 'death without a date', CAST(NULL AS DATE), CAST(NULL AS DATE)
    FROM concerned
    INNER JOIN known_deaths ON concerned.patient = known_deaths.patient
    WHERE undated
    UNION ALL
    SELECT concerned.patient, open_registrations.practice_id, 'two open registrations',
        open_registrations.registration_start, CAST(NULL AS DATE)
    FROM concerned
    INNER JOIN open_registrations ON concerned.patient = open_registrations.patient
    WHERE alive
        AND concerned.patient IN (
            SELECT patient FROM open_registrations GROUP BY patient HAVING count(*) > 1
        )
    UNION ALL
    SELECT concerned.patient, concerned.practice_id, 'practice closed', practice_changes.closed_on, CAST(NULL AS DATE)
    FROM concerned
    INNER JOIN practice_changes ON concerned.practice_id = practice_changes.practice_id
    WHERE alive AND registered AND practice_changes.closed_on <= $as_of
)

SELECT people.patient_id, conflicts.practice_id, conflicts.kind, conflicts.since, conflicts.last_record
FROM conflicts
INNER JOIN people ON conflicts.patient = people.patient
