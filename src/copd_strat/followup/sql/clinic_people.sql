-- One row a person on the register: clinic appointments of the 12 months to the run date, whether they came, and what
-- followed; and the first contact with any community service since they joined the clinic tier.
-- admitted: an emergency admission for COPD within 90 days of being seen; judged: those 90 days have passed in records
-- that cover them.
-- Source: docs/follow-up.md; clinic_tier (patient_id, since) from the dispositions.
WITH contacts AS (
    SELECT people.patient, contact_date AS day, service, kind
    FROM community_contacts
    INNER JOIN people ON community_contacts.patient_id = people.patient_id
    WHERE contact_date <= $as_of
),

clinic AS (
    SELECT
        patient,
        min(day) AS invited_on,
        min(CASE WHEN kind IN ('attended', 'started', 'completed') THEN day END) AS seen_on,
        max(CASE WHEN kind IN ('attended', 'started', 'completed') THEN day END) AS last_seen_on
    FROM contacts
    WHERE service = 'multi_professional_clinic' AND day > CAST($as_of AS DATE) - INTERVAL 12 MONTH
    GROUP BY patient
),

after AS (
    SELECT
        clinic.patient,
        bool_or(spells.patient IS NOT NULL) AS admitted,
        bool_or(contacts.patient IS NOT NULL OR care_days.patient IS NOT NULL) AS rehabilitation
    FROM clinic
    LEFT JOIN spells
        ON clinic.patient = spells.patient AND spells.emergency AND spells.copd_related
        AND spells.admission_date > clinic.seen_on AND spells.admission_date <= clinic.seen_on + INTERVAL 90 DAY
    LEFT JOIN contacts
        ON clinic.patient = contacts.patient AND contacts.day >= clinic.seen_on
        AND contacts.service = 'pulmonary_rehabilitation' AND contacts.kind IN ('started', 'completed')
    LEFT JOIN care_days
        ON clinic.patient = care_days.patient AND care_days.day >= clinic.seen_on
        AND care_days.concept IN ('pr_commenced', 'pr_completed')
    WHERE clinic.seen_on IS NOT NULL
    GROUP BY clinic.patient
),

first_contacts AS (
    SELECT people.patient, min(contacts.day) AS contacted_on
    FROM clinic_tier
    INNER JOIN people ON clinic_tier.patient_id = people.patient_id
    INNER JOIN contacts ON people.patient = contacts.patient AND contacts.day >= clinic_tier.since
    WHERE contacts.kind <> 'did_not_attend'
    GROUP BY people.patient
)

SELECT
    people.patient_id,
    clinic.invited_on,
    clinic.seen_on,
    clinic.last_seen_on,
    coalesce(after.rehabilitation, FALSE) AS rehabilitation,
    CASE WHEN clinic.seen_on + INTERVAL 90 DAY <= $hospital_complete_to THEN coalesce(after.admitted, FALSE) END
    AS admitted,
    first_contacts.contacted_on
FROM register
INNER JOIN people ON register.patient = people.patient
LEFT JOIN clinic ON register.patient = clinic.patient
LEFT JOIN after ON register.patient = after.patient
LEFT JOIN first_contacts ON register.patient = first_contacts.patient
ORDER BY people.patient_id
