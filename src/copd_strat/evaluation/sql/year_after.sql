-- What happened to each person in the months after a day: exacerbations, and the measures that show harm or a
-- burden moved elsewhere (emergency admissions, attendances, nights, death).
-- Source: docs/decisions.md §7, §38; balancing measures as NHS improvement guides name them (project choice).
WITH counted AS (
    SELECT
        patient_id,
        count(*) AS any_exacerbations,
        count(CASE WHEN severity = 'severe' THEN 1 END) AS severe_exacerbations
    FROM observed_exacerbations
    WHERE start_date > $start AND start_date <= $until
    GROUP BY patient_id
),

admitted AS (
    SELECT
        people.patient_id,
        count(*) AS emergency_admissions,
        coalesce(sum(spells.bed_days), 0) AS bed_days
    FROM spells
    INNER JOIN people ON spells.patient = people.patient
    WHERE spells.emergency AND spells.admission_date > $start AND spells.admission_date <= $until
    GROUP BY people.patient_id
),

attended AS (
    SELECT
        people.patient_id,
        count(*) AS ed_attendances
    FROM ed_visits
    INNER JOIN people ON ed_visits.patient = people.patient
    WHERE ed_visits.arrival_date > $start AND ed_visits.arrival_date <= $until
    GROUP BY people.patient_id
)

SELECT
    cohort.patient_id,
    coalesce(counted.any_exacerbations, 0) AS any_exacerbations,
    coalesce(counted.severe_exacerbations, 0) AS severe_exacerbations,
    coalesce(admitted.emergency_admissions, 0) AS emergency_admissions,
    coalesce(admitted.bed_days, 0) AS bed_days,
    coalesce(attended.ed_attendances, 0) AS ed_attendances,
    CASE WHEN ends.death_date > $start AND ends.death_date <= $until THEN 1 ELSE 0 END AS deaths
FROM cohort
LEFT JOIN counted ON cohort.patient_id = counted.patient_id
LEFT JOIN admitted ON cohort.patient_id = admitted.patient_id
LEFT JOIN attended ON cohort.patient_id = attended.patient_id
LEFT JOIN observed_ends AS ends ON cohort.patient_id = ends.patient_id
ORDER BY cohort.patient_id
