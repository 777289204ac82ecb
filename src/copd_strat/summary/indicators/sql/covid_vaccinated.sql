-- A COVID-19 vaccine in the 12 months up to the quarter's last day.
-- People on that day, once a quarter.
-- Source: Core20PLUS5; docs/summary.md.
SELECT patient_id, day, 1 AS n FROM quarter_end_care WHERE concept = 'covid_vaccine_given' AND recent
