-- Issues of the EMIS bulk extract. A drug without a dm+d id keeps its EMIS id, marked as such, so that it is counted
-- as unmatched (EMIS extract specification 8.2, Prescribing_IssueRecord and Coding_DrugCode).
SELECT
    issued.PatientGuid AS patient_id,
    coalesce(issued.EffectiveDate, issued.EnteredDate) AS issue_date,
    coalesce(drugs.DmdProductCodeId, 'emis:' || issued.CodeId) AS dmd_code,
    issued.Quantity AS quantity,
    issued.CourseDurationInDays AS duration_days,
    issued.EnteredDate AS recorded_date
FROM emis_prescribing_issuerecord AS issued
LEFT JOIN emis_coding_drugcode AS drugs ON issued.CodeId = drugs.CodeId
WHERE issued.PatientGuid IS NOT NULL
    AND issued.CodeId IS NOT NULL
    AND coalesce(issued.EffectiveDate, issued.EnteredDate) IS NOT NULL
