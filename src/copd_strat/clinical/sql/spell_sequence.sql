-- Finished emergency spells with the days since the patient's previous COPD discharge.
-- Readmission: an emergency admission for COPD within 30 or 90 days of the end of an emergency stay for COPD,
-- COPD to COPD. Same-day readmission counts.
-- Source: npj Prim Care Respir Med 2017 (COPD to COPD, 30 and 90 days).
SELECT
    patient,
    admission_date,
    discharge_date,
    copd_related,
    bed_days,
    CASE
        WHEN copd_related
            THEN date_diff(
                'day',
                max(CASE WHEN copd_related THEN discharge_date END) OVER (
                    PARTITION BY patient
                    ORDER BY admission_date, spell_number
                    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
                ),
                admission_date
            )
    END AS days_since_copd_discharge
FROM spells
WHERE emergency AND finished
