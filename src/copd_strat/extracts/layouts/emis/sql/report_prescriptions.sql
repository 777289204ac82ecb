-- Issues of EMIS search reports; the dosage is free text and not read (North Central London's report columns).
SELECT
    PatientID AS patient_id,
    IssueDate AS issue_date,
    DrugCode AS dmd_code,
    Quantity AS quantity,
    CAST(NULL AS DOUBLE) AS duration_days,
    CAST(NULL AS DATE) AS recorded_date
FROM emis_report_medications
