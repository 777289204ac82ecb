-- Observations of CPRD Aurum under the codes of the medical dictionary: a medcodeid is no SNOMED CT id, however
-- much it looks like one. What the dictionary does not hold keeps its medcodeid, as a code system of its own
-- that no list knows, so that it is counted. The date of entry stands in for a missing date of the event, and
-- unit 2305 says that a value is a percentage of the predicted one (NHLI-Respiratory-Epi, drop_observations.do
-- and FEV1 scripts). Namespace 1000006 in a long id is EMIS-local.
SELECT
    seen.patid AS patient_id,
    coalesce(seen.obsdate, seen.enterdate) AS event_date,
    coalesce(meant.snomedctconceptid, seen.medcodeid) AS code,
    CASE
        WHEN meant.snomedctconceptid IS NULL THEN 'cprd_medcodeid'
        WHEN length(meant.snomedctconceptid) >= 16
            AND substr(meant.snomedctconceptid, length(meant.snomedctconceptid) - 9, 7) = '1000006'
            THEN 'emis'
        ELSE 'snomed'
    END AS code_system,
    seen.value,
    CASE WHEN seen.numunitid = '2305' THEN '% predicted' ELSE units.description END AS unit,
    seen.enterdate AS recorded_date
FROM cprd_aurum_observation AS seen
LEFT JOIN cprd_aurum_medical_dictionary AS meant ON seen.medcodeid = meant.medcodeid
LEFT JOIN cprd_aurum_numunit AS units ON seen.numunitid = units.numunitid
WHERE coalesce(seen.obsdate, seen.enterdate) IS NOT NULL
