-- Emergency department attendances of people who ever had COPD, one row an attendance.
-- copd_related: any diagnosis in the COPD, exacerbation or lower respiratory infection lists. admitted: the
-- destination says so, or an inpatient spell starts on the day of arrival or departure or the day after: then
-- the spell is the event, not the attendance.
-- Source: data/ed_copd_concepts.csv; UKHSA epidm link_ae_inpatient; docs/decisions.md §7.
WITH visits AS (
    SELECT
        people.patient,
        attendance_id,
        min(arrival_date) AS arrival_date,
        max(coalesce(departure_date, arrival_date)) AS departure_date,
        coalesce(
            bool_or(
                trim(discharge_destination) IN (SELECT code FROM codes WHERE concept = 'ed_discharge_admitted')
            ),
            FALSE
        ) AS sent_to_ward
    FROM ed_attendances
    INNER JOIN people ON ed_attendances.patient_id = people.patient_id
    SEMI JOIN copd_spans ON people.patient = copd_spans.patient
    WHERE arrival_date <= $as_of
    GROUP BY people.patient, attendance_id
),

admissions AS (
    SELECT DISTINCT visits.patient, visits.attendance_id
    FROM visits
    INNER JOIN spells
        ON visits.patient = spells.patient
        AND spells.admission_date >= visits.arrival_date
        AND spells.admission_date <= visits.departure_date + INTERVAL 1 DAY
),

respiratory AS (
    SELECT DISTINCT ed_diagnoses.patient, ed_diagnoses.attendance_id
    FROM ed_diagnoses
    INNER JOIN diagnosis_lookup ON ed_diagnoses.diagnosis = diagnosis_lookup.diagnosis
    INNER JOIN ed_copd_concepts ON diagnosis_lookup.concept = ed_copd_concepts.concept
)

SELECT
    visits.patient,
    visits.attendance_id,
    visits.arrival_date,
    visits.departure_date,
    respiratory.attendance_id IS NOT NULL AS copd_related,
    visits.sent_to_ward OR admissions.attendance_id IS NOT NULL AS admitted
FROM visits
LEFT JOIN admissions
    ON visits.patient = admissions.patient AND visits.attendance_id = admissions.attendance_id
LEFT JOIN respiratory
    ON visits.patient = respiratory.patient AND visits.attendance_id = respiratory.attendance_id
