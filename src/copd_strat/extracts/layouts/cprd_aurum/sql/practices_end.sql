-- The last day on which each practice's records were collected: lcd of CPRD's practice file.
SELECT 'P' || lpad(pracid, 5, '0') AS practice_id, lcd AS last_day
FROM cprd_aurum_practice
WHERE lcd IS NOT NULL
