-- Living situation as known on the run date (docs/decisions.md §3). An "ended" code cancels what stands on or
-- before its day; a temporary state lapses after 6 months [unconfirmed]. Palliative care has no end code.
WITH wide AS (
    SELECT
        patient,
        bool_or(concept IN ('palliative', 'copd_supportive_care_pathway')) AS palliative,
        max(CASE WHEN concept = 'care_home_resident' THEN last_known END) AS care_home,
        max(CASE WHEN concept = 'care_home_temporary' THEN last_known END) AS care_home_temporary,
        max(CASE WHEN concept = 'care_home_ended' THEN last_known END) AS care_home_ended,
        max(CASE WHEN concept = 'housebound' THEN last_known END) AS housebound,
        max(CASE WHEN concept = 'housebound_temporary' THEN last_known END) AS housebound_temporary,
        max(CASE WHEN concept = 'housebound_ended' THEN last_known END) AS housebound_ended,
        bool_or(concept = 'interpreter_needed') AS interpreter_needed,
        bool_or(concept = 'has_carer') AS has_carer,
        bool_or(concept = 'digital_self_mgmt') AS uses_digital_tool
    FROM concept_summary
    GROUP BY patient
)

SELECT
    patient,
    palliative,
    coalesce(
        greatest(
            coalesce(care_home, DATE '1900-01-01'),
            CASE
                WHEN care_home_temporary > $as_of - INTERVAL 6 MONTH THEN care_home_temporary
                ELSE DATE '1900-01-01'
            END
        ) > coalesce(care_home_ended, DATE '1900-01-01'),
        FALSE
    ) AS care_home,
    coalesce(
        greatest(
            coalesce(housebound, DATE '1900-01-01'),
            CASE
                WHEN housebound_temporary > $as_of - INTERVAL 6 MONTH THEN housebound_temporary
                ELSE DATE '1900-01-01'
            END
        ) > coalesce(housebound_ended, DATE '1900-01-01'),
        FALSE
    ) AS housebound,
    interpreter_needed,
    has_carer,
    uses_digital_tool
FROM wide
