-- A self-management plan in the 12 months up to the quarter's last day.
-- People on that day, once a quarter.
-- Source: NICE NG115; docs/summary.md.
SELECT patient_id, day, 1 AS n FROM quarter_end_care WHERE concept = 'self_mgmt_plan' AND recent
