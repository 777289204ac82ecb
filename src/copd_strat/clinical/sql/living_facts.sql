-- Living situation as known on the run date. An "ended" code cancels what stands on or before its day; a
-- temporary state lapses after 6 months [unconfirmed]. Palliative care has no end code.
-- Source: docs/decisions.md §3; data/living_concepts.csv.
WITH told AS (
    SELECT
        patient,
        situation,
        max(
            CASE
                WHEN says = 'stands' THEN last_known
                WHEN says = 'temporary' AND last_known > $as_of - INTERVAL 6 MONTH THEN last_known
            END
        ) AS last_told,
        max(CASE WHEN says = 'ended' THEN last_known END) AS ended
    FROM concept_summary
    INNER JOIN living_concepts ON concept_summary.concept = living_concepts.concept
    GROUP BY patient, situation
)

SELECT
    patient,
    bool_or(situation = 'palliative') AS palliative,
    bool_or(situation = 'care_home') AS care_home,
    bool_or(situation = 'housebound') AS housebound,
    bool_or(situation = 'interpreter_needed') AS interpreter_needed,
    bool_or(situation = 'has_carer') AS has_carer,
    bool_or(situation = 'digital_tool') AS uses_digital_tool
FROM told
WHERE last_told IS NOT NULL AND (ended IS NULL OR last_told > ended)
GROUP BY patient
