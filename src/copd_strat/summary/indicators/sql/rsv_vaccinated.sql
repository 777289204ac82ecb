-- An RSV vaccine on record by the quarter's last day.
-- People on that day, once a quarter.
-- Source: GOLD 2026; docs/summary.md.
SELECT patient_id, day, 1 AS n FROM quarter_end_care WHERE concept = 'rsv_vaccine_given'
