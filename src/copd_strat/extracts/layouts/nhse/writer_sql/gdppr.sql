-- GDPPR journal: events and medicines of one kind, each row with its person's attributes and with the practice
-- of the time, so that a person who moved stands under two practices. The layout has no registrations, units or
-- deprivation, and holds SNOMED CT only. Columns: public data dictionary, in part unconfirmed.
WITH registrations AS (
    SELECT
        *,
        row_number() OVER (PARTITION BY patient_id ORDER BY registration_start) AS place,
        count(*) OVER (PARTITION BY patient_id) AS places
    FROM patients
),

people AS (
    SELECT
        latest.*,
        earliest.practice_id AS earlier_practice
    FROM registrations AS latest
    INNER JOIN registrations AS earliest ON latest.patient_id = earliest.patient_id AND earliest.place = 1
    WHERE latest.place = latest.places
),

journal AS (
    SELECT
        patient_id, event_date AS day, recorded_date, code, value,
        CAST(NULL AS DOUBLE) AS quantity, CAST(NULL AS DOUBLE) AS duration
    FROM gp_events
    WHERE code_system = 'snomed'
    UNION ALL
    SELECT patient_id, issue_date, recorded_date, dmd_code, CAST(NULL AS DOUBLE), quantity, duration_days
    FROM prescriptions
)

SELECT
    journal.patient_id AS NHS_NUMBER_DEID,
    CASE
        WHEN journal.day < people.registration_start THEN people.earlier_practice ELSE people.practice_id
    END AS PRACTICE,
    CAST(NULL AS VARCHAR) AS LSOA,
    people.birth_year AS YEAR_OF_BIRTH,
    concat(people.birth_year, '-', lpad(CAST(people.birth_month AS VARCHAR), 2, '0')) AS YEAR_MONTH_OF_BIRTH,
    year(people.death_date) AS YEAR_OF_DEATH,
    CASE people.sex WHEN 'male' THEN '1' WHEN 'female' THEN '2' END AS SEX,
    people.ethnicity AS ETHNIC,
    journal.day AS DATE,
    journal.recorded_date AS RECORD_DATE,
    journal.code AS CODE,
    0 AS SENSITIVE_CODE,
    CAST(NULL AS VARCHAR) AS EPISODE_CONDITION,
    CAST(NULL AS VARCHAR) AS EPISODE_PRESCRIPTION,
    journal.value AS VALUE1_CONDITION,
    CAST(NULL AS DOUBLE) AS VALUE2_CONDITION,
    journal.quantity AS VALUE1_PRESCRIPTION,
    journal.duration AS VALUE2_PRESCRIPTION,
    CAST(NULL AS VARCHAR) AS LINKS,
    'SYNTHETIC' AS GP_SYSTEM_SUPPLIER,
    delivery.last_day AS REPORTING_PERIOD_END_DATE,
    delivery.last_day AS JOURNAL_REPORTING_PERIOD_END_DATE,
    CAST(delivery.last_day AS TIMESTAMP) AS PROCESSED_TIMESTAMP
FROM journal
CROSS JOIN delivery
INNER JOIN people ON journal.patient_id = people.patient_id
ORDER BY journal.day, journal.patient_id, journal.code, journal.value
