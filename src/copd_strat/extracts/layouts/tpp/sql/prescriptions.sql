-- Issues of SystmOne. What a hospital supplies is no issue of the practice. A product without a dm+d id (-1 stands for
-- none [unconfirmed]) keeps its MultiLex id, marked as such, so that it is counted as unmatched. A quantity is text, and
-- read where it is one number and a unit; 2 x 28 is not (project choice).
SELECT
    IDPatient AS patient_id,
    coalesce(DateEvent, DateMedicationStart, DateEventRecorded) AS issue_date,
    coalesce(nullif(IDMultiLexDMD, '-1'), 'tpp:' || coalesce(IDMultiLexProduct, 'none')) AS dmd_code,
    CASE
        WHEN regexp_matches(MedicationQuantity, '^[0-9]+([.][0-9]+)?[^0-9]*$')
            THEN TRY_CAST(regexp_extract(MedicationQuantity, '^[0-9]+([.][0-9]+)?') AS DOUBLE)
    END AS quantity,
    CAST(nullif(DateMedicationEnd - DateMedicationStart, 0) AS DOUBLE) AS duration_days,
    DateEventRecorded AS recorded_date
FROM tpp_srprimarycaremedication
WHERE coalesce(IsHospitalMedication, 'FALSE') NOT IN ('TRUE', '1')
    AND IDPatient IS NOT NULL
    AND coalesce(DateEvent, DateMedicationStart, DateEventRecorded) IS NOT NULL
