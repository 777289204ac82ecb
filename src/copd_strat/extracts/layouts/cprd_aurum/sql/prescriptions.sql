-- Issues of CPRD Aurum under the dm+d ids of the product dictionary; a product without one keeps its prodcodeid,
-- marked as such, which no list knows, so that it is counted. A duration of 0 is a duration nobody entered.
SELECT
    issued.patid AS patient_id,
    coalesce(issued.issuedate, issued.enterdate) AS issue_date,
    coalesce(products.dmdid, 'cprd_prodcodeid:' || issued.prodcodeid) AS dmd_code,
    issued.quantity,
    nullif(issued.duration, 0) AS duration_days,
    issued.enterdate AS recorded_date
FROM cprd_aurum_drugissue AS issued
LEFT JOIN cprd_aurum_product_dictionary AS products ON issued.prodcodeid = products.prodcodeid
WHERE coalesce(issued.issuedate, issued.enterdate) IS NOT NULL
