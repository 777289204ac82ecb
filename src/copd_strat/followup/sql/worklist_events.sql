-- Events of people on the register that the clock still runs for, or that it left not long ago (ended): no older than
-- $keep_days days, or $tell_days more, of the kinds that the policy names. A stay gives way to a later one; an exacerbation without a stay to the next of its kind, and to a
-- discharge that follows it: the newer line carries the duties.
-- dyspnoea_split: 5a or 5b, where the latest MRC grade was given as the extended scale.
-- Source: docs/follow-up.md.
WITH split AS (
    SELECT patient, day, max(concept) AS concept
    FROM care_days
    WHERE concept IN ('emrc_5a', 'emrc_5b')
    GROUP BY patient, day
),

last_discharge AS (
    SELECT patient, max(event_date) AS event_date
    FROM follow_up_events
    WHERE event = 'discharge'
    GROUP BY patient
)

SELECT
    people.patient_id,
    events.event,
    events.event_date,
    events.nights,
    events.same_kind_before,
    events.admissions_before,
    events.admitted_again_on,
    events.event_date <= CAST($as_of AS DATE) - $keep_days * INTERVAL 1 DAY AS ended,
    date_diff('day', register.birth_date, events.event_date) / 365.25 AS age,
    replace(split.concept, 'emrc_', '') AS dyspnoea_split
FROM follow_up_events AS events
INNER JOIN register ON events.patient = register.patient
INNER JOIN people ON events.patient = people.patient
LEFT JOIN measurement_facts ON events.patient = measurement_facts.patient
LEFT JOIN split ON events.patient = split.patient AND measurement_facts.mrc_date = split.day
LEFT JOIN last_discharge ON events.patient = last_discharge.patient
WHERE events.event IN $events
    AND events.event_date > CAST($as_of AS DATE) - ($keep_days + $tell_days) * INTERVAL 1 DAY
    AND events.next_of_its_kind IS NULL
    AND NOT (events.event = 'moderate' AND coalesce(last_discharge.event_date > events.event_date, FALSE))
ORDER BY people.patient_id, events.event
